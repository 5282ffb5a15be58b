import 'reflect-metadata';
import { createGateway } from './create-gateway';
import { errorLocation } from './http/log';
import { BadSettings, readSettings } from './settings';

/** Longer than most calls take, shorter than an orchestrator's patience. */
const drainMs = 25_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const gateway = await createGateway(settings, { refused: end });
  let closing = false;
  const close = (exitCode: number) => {
    if (closing) return;
    closing = true;
    setTimeout(() => process.exit(1), drainMs).unref();
    void gateway.close().then(
      () => process.exit(exitCode),
      () => process.exit(1),
    );
  };
  const stop = (signal: string) => {
    if (!closing) gateway.log.info({ signal }, 'shutting down');
    close(0);
  };
  // A bug, but not one to die of in the middle of other portals' refreshes: nothing but the promise has failed.
  process.on('unhandledRejection', (error) => {
    gateway.log.error(errorLocation(error), 'a failure that nobody waited for');
  });
  // A bug that left something half done: the calls under way are finished, what must be saved is saved, and whoever
  // supervises the process starts another.
  process.on('uncaughtException', (error) => {
    gateway.log.fatal(errorLocation(error), 'an error that nobody caught; this replica ends');
    close(1);
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  gateway.log.info({ url: await gateway.listen() }, 'listening');
  gateway.log.flush();
}

function sentenceOf(error: unknown): string {
  if (error instanceof BadSettings)
    return `The settings are not valid:\n${error.sentences.map((it) => `  - ${it}`).join('\n')}`;
  const { code, message, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${address} is taken by another program. Set PORT to another or stop it.`;
  if (code === 'EACCES') return `Port ${port} may not be used by this user. Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL') return `This machine has no address ${address}. Set HOST to one it has.`;
  return message;
}

function end(error: unknown): void {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exit(1);
}

main().catch(end);
