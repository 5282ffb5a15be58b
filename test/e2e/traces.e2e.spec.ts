import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

interface ExportedSpans {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

/** Whoever collects traces: OTLP over HTTP, in JSON. */
class Collecting {
  readonly spans: ExportedSpans[] = [];
  readonly texts: string[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collecting> {
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => (text += part.toString()));
      request.on('end', () => {
        it.texts.push(text);
        const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: ExportedSpans[] }[] }[] };
        it.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
        response.end('{}');
      });
    });
    const it = new Collecting(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return it;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  named(name: string): ExportedSpans[] {
    return this.spans.filter((span) => span.name === name);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('traces', () => {
  let world: World;
  let collector: Collecting;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const read = (groupId: number, headers = {}) =>
    client.get(`/v1/portals/${portal.memberId}/groups/${groupId}/backlog`, headers);

  beforeEach(async () => {
    collector = await Collecting.start();
    world = await World.start();
    client = await world.gateway({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, B24_BURST: '5' });
    const groups = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    portal = await world.installed(client, {
      burst: 5,
      drainPerSecond: 2,
      groups,
      backlogs: groups.map((groupId) => ({ id: groupId, groupId, createdBy: 1, modifiedBy: 1 })),
    });
    collector.spans.length = 0;
  });
  afterEach(async () => {
    await world.stop();
    collector.stop();
  });
  /** A replica exports its remaining spans when it ends. */
  const flushSpans = () => world.closeGateways();

  it("go on from the caller's own, through the wait and the request, to the portal", async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await read(1, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    await flushSpans();
    const call = collector.spans.find((it) => it.traceId === traceId && it.name.startsWith('call '));
    expect(call).toMatchObject({ name: 'call tasks.api.scrum.backlog.get', parentSpanId: 'b7ad6b7169203331' });
    const inTrace = (name: string) => collector.named(name).find((it) => it.traceId === traceId);
    expect(inTrace('queue wait')?.parentSpanId).toBe(call?.spanId);
    expect(inTrace('request share')?.parentSpanId).toBe(call?.spanId);
    const request = inTrace('request');
    expect(request?.parentSpanId).toBe(call?.spanId);
    expect(inTrace('upstream')?.parentSpanId).toBe(request?.spanId);
  });

  it('link a request to all the calls that shared it, and each call to its request', async () => {
    const replies = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map((groupId) => read(groupId)));
    expect(replies.map(({ status }) => status)).toEqual(Array(9).fill(200));
    await flushSpans();
    const calls = new Map(
      collector.named('call tasks.api.scrum.backlog.get').map(({ spanId, traceId }) => [spanId, traceId]),
    );
    const shared = collector.named('request').find(({ links }) => (links ?? []).length > 1);
    expect(shared?.links?.map(({ spanId, traceId }) => calls.get(spanId) === traceId)).toEqual(
      shared?.links?.map(() => true),
    );
    const shares = collector
      .named('request share')
      .filter(({ links }) => links?.some(({ spanId }) => spanId === shared?.spanId));
    expect(shares.map(({ parentSpanId }) => parentSpanId).sort()).toEqual(
      shared?.links?.map(({ spanId }) => spanId).sort(),
    );
  });

  it('say what a call came to, and hold neither token nor key', async () => {
    expect((await read(77)).status).toBe(404);
    await flushSpans();
    const call = collector.named('call tasks.api.scrum.backlog.get').at(-1);
    expect(call?.status).toEqual({ code: 2, message: 'backlog_not_found' });
    const secrets = [client.key, ...portal.requests.map(({ token }) => token)].filter((it) => it !== undefined);
    expect(secrets.length).toBeGreaterThan(1);
    for (const secret of secrets) expect(collector.texts.join()).not.toContain(secret);
  });

  it('that nobody collects hold up no call, and no end', async () => {
    collector.stop();
    expect((await read(1)).status).toBe(200);
    await flushSpans();
  });
});
