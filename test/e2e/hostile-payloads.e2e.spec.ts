import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { BodyMemory } from '../../apps/gateway/src/http/body-memory';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, type HttpClient, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const wide = { B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000', CONNECTIONS_PER_ADDRESS: '60' };
const rawHealth = (connection: string) =>
  Buffer.from(`GET /health/live?a=Ж HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`);

describe('a hostile caller or portal', () => {
  let world: World;
  let replica: GatewayProcess;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let key: string;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm', 'disk'] });
    replica = await GatewayProcess.startReachable(environment(world.redis, world.simulator, wide));
    client = replica.client;
    portal = await world.installed(client, { burst: 100_000, drainPerSecond: 1000 });
    key = (await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] })).body.key as string;
  });

  beforeEach(() => {
    portal.requests.length = 0;
  });

  afterAll(async () => {
    await replica.kill9();
    await world.stop();
  });

  const callPath = (method: string) => `/v1/portals/${portal.memberId}/call/${method}`;
  const send = async (path: string, body: string) => {
    const headers = { Authorization: `Bearer ${client.key}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${client.url}${path}`, { method: 'POST', headers, body });
    return { status: response.status, text: await response.text() };
  };
  const batch = (body: string) => send(`/p/${portal.memberId}/rest/1/${key}/batch`, body);
  const open = (): { socket: Socket; text: () => string } => {
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (data) => (text += String(data)));
    // Errors of a connection that the gateway resets.
    socket.on('error', () => undefined);
    return { socket, text: () => text };
  };
  const echoOf = async (value: string) =>
    (await client.call('POST', callPath('lab.echo'), { params: { value } })).body.result.value as string;

  it('gets an answer to a batch with a long command that has a backslash at any place', async () => {
    for (const start of ['lab.echo?x=', 'lab.echo?xy=']) {
      const { status, text } = await batch(`{"cmd":{"a":"${start}${'\\\\'.repeat(40_000)}"}}`);
      expect([start, status, text.slice(0, 60)]).toEqual([start, 200, expect.any(String)]);
    }
  });

  it.each(['[]', '0.0'])('has the commands after a refused one run with the false `halt` %s', async (halt) => {
    await batch(`{"halt":${halt},"cmd":{"a":"no method!","b":"lab.echo?x=1"}}`);
    expect(portal.requests.map(({ method }) => method)).toContain('lab.echo');
  });

  it('gets no answer out of order for raw UTF-8 in a URL behind a request without an answer', async () => {
    portal.faults.next('slow', { method: 'lab.echo' });
    const { socket, text } = open();
    const body = '{"params":{"a":1}}';
    socket.write(
      `POST ${callPath('lab.echo')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => portal.requests.length > 0);
    socket.write(rawHealth('close'));
    await once(socket, 'close');
    expect(text()).toBe('');
  });

  it('gives back the slot of each connection with raw UTF-8 in its URL', async () => {
    const statuses: string[] = [];
    for (let i = 0; i < 60; i++) {
      const { socket, text } = open();
      socket.write(rawHealth('close'));
      await once(socket, 'close');
      statuses.push(text().slice(9, 12));
    }
    expect(statuses.filter((it) => it !== '200')).toEqual([]);
  });

  it('cannot make the gateway send a method that the policy did not check through a planted link', async () => {
    const root = portal.webhookUrl(1, ['crm']);
    const links = [`${root}crm.deal.fields?token=b`, `${root}crm.deal.fields?token=b`.replace('/rest/', '/rest%2f')];
    for (const link of links) {
      const shown = await echoOf(link);
      expect([link, shown.includes('/files/')]).toEqual([link, false]);
    }
  });

  it('takes no more memory for a body of many small values than the body has, several times', async () => {
    const before = replica.memory.now;
    replica.resetPeak();
    const { status } = await send(
      '/v1/portals/no-such/call/lab.echo',
      `{"params":{"a":[${'{},'.repeat(3_000_000)}1]}}`,
    );
    const grownMb = (replica.memory.peak - before) / 1e6;
    expect([status, grownMb, grownMb < 200]).toEqual([expect.any(Number), grownMb, true]);
  });

  it('takes no more memory for a file of a form that arrives in tiny chunks', async () => {
    const before = replica.memory.now;
    replica.resetPeak();
    const { socket } = open();
    const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n';
    socket.write(
      `POST ${callPath('lab.echo')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.key}\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n${head.length.toString(16)}\r\n${head}\r\n`,
    );
    // 2 MB of content.
    const chunks = Buffer.from('1\r\na\r\n'.repeat(20_000));
    for (let i = 0; i < 100; i++) if (!socket.write(chunks)) await once(socket, 'drain');
    socket.destroy();
    const grownMb = (replica.memory.peak - before) / 1e6;
    expect([grownMb, grownMb < 150]).toEqual([grownMb, true]);
  });

  it('that is a portal with redirects in place of files leaves no connection open', async () => {
    portal.scripts.set('some.getfile', { text: 'x'.repeat(3_000_000), status: 302, contentType: 'text/html' });
    const link = await echoOf(`${portal.webhookUrl(1, [])}some.getFile?token=b`);
    const { pid } = (replica as unknown as { child: { pid: number } }).child;
    const sockets = () =>
      readdirSync(`/proc/${pid}/fd`).filter((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
        } catch {
          return false;
        }
      }).length;
    const before = sockets();
    for (let i = 0; i < 10; i++) await (await fetch(link)).text();
    expect(sockets() - before).toBeLessThan(5);
  });

  it('with a body that its own share holds back delays no body of others that fits', async () => {
    const memory = new BodyMemory({ inAll: 200, perClient: 100 });
    const { signal } = new AbortController();
    await memory.acquire('a', 100, signal);
    void memory.acquire('a', 100, signal);
    await memory.acquire('b', 10, signal);
    let isAdmitted = false;
    void memory.acquire('c', 10, signal).then(() => (isAdmitted = true));
    await new Promise(setImmediate);
    expect(isAdmitted).toBe(true);
  });
});
