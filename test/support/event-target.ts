import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Arrival {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

type TargetAnswer = (
  arrival: Arrival,
  n: number,
) => { status: number; headers?: Record<string, string>; body?: string } | 'never';

/** An internal service that takes events, on loopback; it answers as it is told to. */
export class EventTarget {
  readonly arrivals: Arrival[] = [];
  /** The most that were here at once. */
  mostAtOnce = 0;
  private atOnce = 0;
  answer: TargetAnswer = () => ({ status: 204 });

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<EventTarget> {
    const server = createServer();
    const target = new EventTarget(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers, url: path = '' } = request;
        const arrival = { path, headers, text: Buffer.concat(chunks).toString('utf8') };
        target.arrivals.push(arrival);
        target.mostAtOnce = Math.max(target.mostAtOnce, ++target.atOnce);
        response.once('close', () => target.atOnce--);
        const answer = target.answer(arrival, target.arrivals.length);
        if (answer !== 'never') response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks`;
  }

  get messages(): Record<string, unknown>[] {
    return this.arrivals.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/**
 * What the reference library of Standard Webhooks says of it, at a time of the sender's clock.
 * @throws Error when the signature is not right
 */
export function verified({ headers, text }: Arrival, secret: string, nowMs = Date.now()): unknown {
  const { now } = Date;
  Date.now = () => nowMs;
  try {
    return new Webhook(secret).verify(text, headers as Record<string, string>);
  } finally {
    Date.now = now;
  }
}
