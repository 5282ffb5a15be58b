import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Command, Result } from '@b24/portal';
import { type PagedRecord, PagingPortal, type PagingStyle } from './paging-portal';

/** A portal on loopback, called by its webhook, whose methods are all the same list. */
export class ScriptedPortal {
  private list = new PagingPortal([]);

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<ScriptedPortal> {
    const server = createServer();
    const portal = new ScriptedPortal(server);
    server.on('request', (request, response) => {
      void portal.answer(request).then((body) => {
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return portal;
  }

  get webhookUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/rest/1/0123456789abcdef/`;
  }

  /** The parameters of the pages that were requested outside a batch. */
  get requested(): unknown[] {
    return this.list.commands.filter(({ method }) => method !== 'batch').map(({ params }) => params);
  }

  holds(records: readonly PagedRecord[], style: PagingStyle): void {
    this.list = new PagingPortal(records, style);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage): Promise<object> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const method = (request.url ?? '').split('/').at(-1) ?? '';
    if (method === 'scope') return { result: ['crm', 'task', 'user'] };
    const params = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Record<string, unknown>;
    const command = commandOf(method, params);
    return envelopeOf(command, await this.list.answer(command));
  }
}

function commandOf(method: string, params: Record<string, unknown>): Command {
  if (method !== 'batch') return { method, params, effect: 'read' };
  const names = Object.keys(params['cmd'] as object);
  return { method, params, effect: 'read', inside: names.map((name) => ({ name, method })) };
}

function envelopeOf({ inside = [] }: Command, answer: Answer): object {
  if (!answer.ok) return { error: 'INTERNAL_SERVER_ERROR' };
  const { value, next, total } = answer;
  if (!answer.inside) return { result: value, next, total };
  const results = answer.inside.map((it, i) => [inside[i]?.name ?? '', (it as Result).value]);
  return { result: { result: Object.fromEntries(results), result_error: [], result_next: [], result_total: [] } };
}
