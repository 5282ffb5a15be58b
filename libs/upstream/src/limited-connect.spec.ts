import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, buildConnector, request } from 'undici';
import { limitedConnect } from './limited-connect';

/** Answers when the test says so, and counts its connections. */
async function server() {
  const answers: (() => void)[] = [];
  const it = { open: 0, most: 0, answers, origin: '', http: undefined as unknown as Server };
  it.http = createServer((_, response) => answers.push(() => response.end('ok')));
  it.http.on('connection', (socket) => {
    it.most = Math.max(it.most, ++it.open);
    socket.on('close', () => it.open--);
  });
  it.http.listen(0, '127.0.0.1');
  await once(it.http, 'listening');
  it.origin = `http://127.0.0.1:${(it.http.address() as AddressInfo).port}`;
  return it;
}

const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
};

describe('a limit of connections over all servers', () => {
  it('lets further connections wait until one closes, and loses none', async () => {
    const servers = await Promise.all([server(), server(), server()]);
    const total = () => servers.reduce((sum, { open }) => sum + open, 0);
    const agent = new Agent({ connect: limitedConnect(buildConnector({}), 2), keepAliveTimeout: 1, connections: 4 });
    let ended = 0;
    const calls = servers.flatMap(({ origin }) =>
      Array.from({ length: 4 }, async () => {
        const { body } = await request(origin, { dispatcher: agent, reset: true });
        const text = await body.text();
        ended++;
        return text;
      }),
    );
    while (ended < calls.length) {
      await until(() => servers.some(({ answers }) => answers.length > 0) || ended === calls.length);
      expect(total()).toBeLessThanOrEqual(2);
      servers.find(({ answers }) => answers.length > 0)?.answers.shift()?.();
    }
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'ok'));
    expect(Math.max(...servers.map(({ most }) => most))).toBeGreaterThan(0);
    await agent.close();
    for (const { http } of servers) http.close();
  });

  it('fails all that wait in turn, however many, when a connector fails at once', async () => {
    let fail: (() => void) | undefined;
    const connect = limitedConnect((_, callback) => {
      if (fail) callback(new Error('refused'), null);
      else fail = () => callback(new Error('refused'), null);
    }, 1);
    let failures = 0;
    const calls = 20_000;
    for (let times = 0; times < calls; times++) connect({} as buildConnector.Options, () => failures++);
    fail?.();
    await until(() => failures === calls);
  });

  it('counts no connection that failed', () => {
    const refusing = (_: buildConnector.Options, callback: buildConnector.Callback) => {
      callback(new Error('refused'), null);
    };
    const connect = limitedConnect(refusing, 1);
    const failures: unknown[] = [];
    for (let times = 0; times < 3; times++)
      connect({} as buildConnector.Options, (...[error]: Parameters<buildConnector.Callback>) => failures.push(error));
    expect(failures).toEqual([new Error('refused'), new Error('refused'), new Error('refused')]);
  });
});
