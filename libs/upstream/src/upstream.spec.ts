import {
  type Answer,
  type Authorization,
  type Command,
  ExchangeFailure,
  Fault,
  type HttpAnswer,
  type PostBody,
  type PostOptions,
  Secret,
} from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { upstream, type UpstreamOptions } from './upstream';

const token = 'access-token-1';
const authorization: Authorization = {
  endpoint: new Secret('https://p.example/rest/'),
  accessToken: new Secret(token),
};
const read: Command = { method: 'm', params: { a: 1 }, effect: 'read' };
const write: Command = { ...read, effect: 'write' };

interface SentPost extends Pick<PostOptions, 'headers' | 'timeoutMs'> {
  readonly url: string;
  readonly text: PostBody['text'];
}

describe('a request to a portal', () => {
  let clock: HandClock;
  let sent: SentPost[];
  let reply: () => HttpAnswer | ExchangeFailure;

  beforeEach(() => {
    clock = new HandClock();
    sent = [];
    reply = () => ({ status: 200, body: '{"result":1}' });
  });

  const send = (
    commands: readonly Command[],
    options: Partial<UpstreamOptions> = {},
    signal = new AbortController().signal,
  ) =>
    upstream({
      clock,
      post: (url, { text }, { headers, timeoutMs }) => {
        sent.push({ url, text, timeoutMs, ...(headers && { headers }) });
        clock.jump(7);
        const it = reply();
        return it instanceof ExchangeFailure ? Promise.reject(it) : Promise.resolve(it);
      },
      ...options,
    })(authorization, commands, signal);
  const failure = (commands: readonly Command[], signal?: AbortSignal): Promise<Fault> =>
    send(commands, {}, signal).then(
      () => Promise.reject(new Error('it succeeded')),
      (fault: unknown) => fault as Fault,
    );

  it('has the token last in its body, and takes up to 70 s', async () => {
    expect(await send([read])).toMatchObject([{ ok: true, value: 1, timing: { queueMs: 0, upstreamMs: 7 } }]);
    expect(sent).toEqual([{ url: 'https://p.example/rest/m', text: `{"a":1,"auth":"${token}"}`, timeoutMs: 70_000 }]);
  });

  it('has the token in a header if the settings say so', async () => {
    await send([read], { tokenIn: 'header' });
    expect(sent[0]).toMatchObject({ text: '{"a":1}', headers: { Authorization: `Bearer ${token}` } });
  });

  it.each<[what: string, v3: NonNullable<Command['v3']>, headers: object]>([
    [
      'with an idempotency key',
      { body: { b: 2 }, idempotencyKey: 'k' },
      { Authorization: `Bearer ${token}`, 'Idempotency-Key': 'k' },
    ],
    ['without one', { body: { b: 2 } }, { Authorization: `Bearer ${token}` }],
  ])('of version 3 has its own path and the token in a header, %s', async (_what, v3, headers) => {
    await send([{ ...read, v3 }]);
    expect(sent).toEqual([{ url: 'https://p.example/rest/api/m', text: '{"b":2}', timeoutMs: 70_000, headers }]);
  });

  it('has no header for a webhook, which has no token', async () => {
    const options: UpstreamOptions = {
      clock,
      tokenIn: 'header',
      post: (url, { text }, { headers }) => {
        sent.push({ url, text, timeoutMs: 0, ...(headers && { headers }) });
        return Promise.resolve(reply() as HttpAnswer);
      },
    };
    const { endpoint } = authorization;
    await upstream(options)({ endpoint }, [read], new AbortController().signal);
    expect(sent[0]?.headers).toEqual({});
  });

  it('is not sent for no command, nor when nobody waits', async () => {
    const caller = new AbortController();
    expect(await send([])).toEqual([]);
    caller.abort(new Fault('deadline_exceeded'));
    await expect(send([read], {}, caller.signal)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(sent).toEqual([]);
  });

  it('carries several commands as a batch, which is answered for each', async () => {
    reply = () => {
      const { cmd } = JSON.parse(String(sent[0]?.text)) as { cmd: Record<string, string> };
      const [first = '', second = ''] = Object.keys(cmd);
      const result = { result: { [first]: 1 }, result_error: { [second]: { error: 'X' } } };
      return { status: 200, body: JSON.stringify({ result }) };
    };
    expect(await send([read, write])).toMatchObject([{ ok: true, value: 1 }, { ok: false }]);
    expect(sent[0]?.url).toBe('https://p.example/rest/batch');
  });

  it('shows no secret of its answer', async () => {
    reply = () => ({ status: 200, body: JSON.stringify({ result: `x${token}x` }) });
    const [answer] = await send([read]);
    expect(JSON.stringify(answer)).not.toContain(token);
  });

  it.each<[failure: ExchangeFailure, effect: Command['effect'], expected: object, message: string]>([
    [new ExchangeFailure(false, 'HOST_NOT_ALLOWED'), 'read', { code: 'host_not_allowed' }, ''],
    [new ExchangeFailure(true, 'ANSWER_TOO_LARGE'), 'read', { code: 'answer_too_large' }, ''],
    [
      new ExchangeFailure(false, 'ECONNREFUSED'),
      'read',
      { code: 'portal_unreachable', retryReason: undefined },
      'No connection to the portal could be made (ECONNREFUSED), so the call was not sent.',
    ],
    [
      new ExchangeFailure(false, 'PROXY_STATUS_407'),
      'read',
      { code: 'portal_unreachable' },
      "The gateway's outgoing proxy made no connection to the portal (PROXY_STATUS_407), so the call was not sent.",
    ],
    [
      new ExchangeFailure(true, 'ECONNRESET'),
      'write',
      { code: 'outcome_unknown', retryReason: undefined },
      'The connection to the portal ended without an answer (ECONNRESET); the call may have been carried out.',
    ],
    [
      new ExchangeFailure(true, 'ECONNRESET'),
      'read',
      { code: 'outcome_unknown', retryReason: 'read_lost' },
      'ECONNRESET',
    ],
    [new ExchangeFailure(true, 'TIMEOUT'), 'read', { code: 'outcome_unknown', retryReason: undefined }, 'TIMEOUT'],
  ])('that fails with %j, for a %s, is %j', async (it, effect, expected, message) => {
    reply = () => it;
    const fault = await failure([{ ...read, effect }]);
    expect(fault).toMatchObject(expected);
    expect(fault.message).toContain(message);
  });

  it.each<[what: string, reply: HttpAnswer | ExchangeFailure, retryReason: string | undefined]>([
    ['is lost', new ExchangeFailure(true, 'ECONNRESET'), 'reads_alone'],
    ['is lost after a long time', new ExchangeFailure(true, 'TIMEOUT'), 'reads_alone'],
    ['is too large', new ExchangeFailure(true, 'ANSWER_TOO_LARGE'), 'reads_alone'],
    ['can’t be read', { status: 502, body: '<html>' }, 'reads_alone'],
    ['was not sent', new ExchangeFailure(false, 'ECONNREFUSED'), undefined],
    ['is a redirect', { status: 302, body: '' }, 'moved'],
    ['is refused', { status: 401, body: '{"error":"expired_token"}' }, 'token_refused'],
  ])('that carries several commands and %s may be retried: %s %s', async (_what, it, retryReason) => {
    reply = () => it;
    expect((await failure([read, write])).retryReason).toBe(retryReason);
  });

  it('that carries several commands is not retried when nobody waits any more', async () => {
    const caller = new AbortController();
    reply = () => {
      caller.abort(new Fault('deadline_exceeded'));
      return new ExchangeFailure(true, 'ABANDONED');
    };
    expect((await failure([read, write], caller.signal)).retryReason).toBeUndefined();
  });

  it.each<[what: string, command: Command, answer: HttpAnswer, retryReason: string | undefined]>([
    ['a read whose answer can’t be read', read, { status: 200, body: '<html>' }, 'read_lost'],
    ['a write whose answer can’t be read', write, { status: 200, body: '<html>' }, undefined],
    ['a read that the portal failed at', read, { status: 500, body: '{"error":"INTERNAL_SERVER_ERROR"}' }, undefined],
    ['a read that was refused', read, { status: 400, body: '{"error":""}' }, undefined],
  ])('is sent once more for %s', async (_what, command, answer, retryReason) => {
    reply = () => answer;
    const [it] = (await send([command])) as [Answer];
    expect(it.ok ? 'ok' : it.fault.retryReason).toBe(retryReason);
  });

  it('fails as its post does if that is no failure of the exchange', async () => {
    const bug = new TypeError('bug');
    await expect(send([read], { post: () => Promise.reject(bug) })).rejects.toBe(bug);
  });
});
