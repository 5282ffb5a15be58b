import 'reflect-metadata';
import { createGateway } from './create-gateway';
import { BadSettings, readSettings } from './settings';

/** Longer than most calls take, shorter than an orchestrator's patience. */
const drainMs = 25_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const gateway = await createGateway(settings, { refused: end });
  let closing = false;
  const stop = (signal: string) => {
    if (closing) return;
    closing = true;
    gateway.log.info({ signal }, 'shutting down');
    setTimeout(() => process.exit(1), drainMs).unref();
    void gateway.close().then(() => process.exit(0));
  };
  // A bug, but not one to die of in the middle of other portals' refreshes.
  process.on('unhandledRejection', (err) => {
    gateway.log.error({ err }, 'a failure that nobody waited for');
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  gateway.log.info({ url: await gateway.listen() }, 'listening');
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
