import { ExchangeFailure } from '@b24/portal';
import { exchangeFailureOf } from './exchange-failure-of';
import { guardedPost } from './guarded-post';
import { isProxyFailure, proxyFailure } from './proxy-failure';
import { bodyOf, headerListOf, headersOf } from './post-request';

const withCode = (code: unknown, name = 'Error') => Object.assign(new Error('secret'), { code, name });

describe('an exchange that failed', () => {
  it.each([
    ...['HOST_NOT_ALLOWED', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
    ...['EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_INVALID_ARG', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME'],
    ...['ERR_SSL_WRONG_VERSION', 'UNABLE_TO_VERIFY_LEAF', 'SELF_SIGNED_CERT', 'DEPTH_ZERO_SELF', 'PROXY_STATUS_407'],
  ])('with %s was never sent', (code) => {
    expect(exchangeFailureOf(withCode(code))).toEqual(new ExchangeFailure(false, code));
  });

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'XECONNREFUSED', 'ECONNREFUSEDX', 'EAI_'])(
    'with %s may have arrived',
    (code) => {
      const failure = exchangeFailureOf(withCode(code));
      expect([failure.sent, failure.reason, failure.message]).toEqual([true, code, code]);
    },
  );

  it.each(['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'ERR_BUFFER_TOO_LARGE'])('with %s had too large an answer', (code) => {
    expect(exchangeFailureOf(withCode(code))).toEqual(new ExchangeFailure(true, 'ANSWER_TOO_LARGE'));
  });

  it('is called by the name of its error if that has no code in words', () => {
    expect(exchangeFailureOf(withCode(20, 'AbortError')).reason).toBe('AbortError');
    expect([exchangeFailureOf({}).reason, exchangeFailureOf({}).sent]).toEqual(['unknown', true]);
  });
});

describe('a failure of the outgoing proxy', () => {
  it.each<[error: unknown, code: string]>([
    [withCode('ECONNREFUSED'), 'PROXY_ECONNREFUSED'],
    [withCode('UND_ERR_CONNECT_TIMEOUT'), 'PROXY_TIMEOUT'],
    [withCode('UND_ERR_HEADERS_TIMEOUT'), 'PROXY_TIMEOUT'],
    [withCode('UND_ERR_SOCKET'), 'PROXY_CLOSED'],
    [withCode(20, 'AbortError'), 'PROXY_AbortError'],
    [{}, 'PROXY_UNKNOWN'],
  ])('%j has the code %s', (error, code) => {
    const failure = proxyFailure(error);
    expect([failure.code, failure.message]).toEqual([code, 'The outgoing proxy made no connection.']);
    expect(exchangeFailureOf(failure).sent).toBe(false);
    expect([isProxyFailure(code), isProxyFailure(`X${code}`), isProxyFailure('ECONNREFUSED')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('a guarded post', () => {
  const sent: string[] = [];
  const post = guardedPost(
    ({ hostname }) => hostname === 'p.example',
    (url) => {
      sent.push(url);
      return Promise.resolve({ status: 200, body: '' });
    },
  );
  const body = { type: 'application/json', text: '{}' } as const;

  it('sends to allowed URLs only', async () => {
    await post('https://p.example/rest/', body, { timeoutMs: 1 });
    for (const url of ['https://q.example/rest/', 'p.example', ''])
      await expect(post(url, body, { timeoutMs: 1 })).rejects.toEqual(new ExchangeFailure(false, 'HOST_NOT_ALLOWED'));
    expect(sent).toEqual(['https://p.example/rest/']);
  });
});

describe('the headers of a post', () => {
  const plain = { Accept: 'application/json', 'Accept-Encoding': 'identity', 'User-Agent': 'b24-gateway' };
  const json = { type: 'application/json', text: '{}' } as const;
  const form = { type: 'application/x-www-form-urlencoded', text: 'a=b' } as const;
  const pieces = ['{"a":"ä"}'];

  it('are the same for all that have none of their own', () => {
    const list = headerListOf(json, undefined);
    expect(list).toEqual(Object.entries({ 'Content-Type': json.type, ...plain }).flat());
    expect(headerListOf({ ...json }, undefined)).toBe(list);
    expect(headerListOf(form, undefined)).toEqual(Object.entries({ 'Content-Type': form.type, ...plain }).flat());
  });

  it('are followed by their own', () => {
    const own = { Authorization: 'Bearer x' };
    expect(headersOf(json, own)).toEqual({ 'Content-Type': json.type, ...plain, ...own });
    expect(headerListOf(json, own)).toEqual(Object.entries(headersOf(json, own)).flat());
  });

  it('have the length of a text that is sent piece by piece', async () => {
    const body = { type: 'application/json', text: pieces } as const;
    expect(headersOf(body, undefined)).toMatchObject({ 'Content-Length': '10' });
    expect(headerListOf(body, undefined)).toContain('Content-Length');
    const read = bodyOf(body);
    if (typeof read === 'string') throw new Error('not a stream');
    expect(Buffer.concat((await read.toArray()) as Buffer[]).toString()).toBe(pieces[0]);
    expect(bodyOf(json)).toBe('{}');
  });
});
