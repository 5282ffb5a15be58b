import { type Post, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import type { App } from './app';
import { OAuthServer } from './oauth-server';

const answer = (status: number, body: object) => ({ status, headers: {}, body: JSON.stringify(body) });
const tokens = { access_token: 'a'.repeat(20), refresh_token: 'r'.repeat(20), member_id: '1'.repeat(32) };
const app: App = { id: 'a_1', name: 'a', clientId: 'local.1', clientSecret: new Secret('new'), scope: [] };

/** A server that accepts one secret only, and the requests it received. */
function world(good: string, known: App) {
  const sent: string[] = [];
  const state = { good, known, meanwhile: () => undefined as void };
  const post = ((_url: string, { text }: { text: string }) => {
    const secret = new URLSearchParams(text).get('client_secret') ?? '';
    sent.push(secret);
    const given = secret === state.good ? answer(200, tokens) : answer(400, { error: 'invalid_client' });
    state.meanwhile();
    return Promise.resolve(given);
  }) as unknown as Post;
  const servers = ['https://oauth.example'] as const;
  const apps = { get: () => Promise.resolve(state.known) };
  const oauth = new OAuthServer({ servers, apps, post, clock: new HandClock() });
  return { sent, state, refresh: () => oauth.refresh('a_1', new Secret('r0'), servers[0]) };
}

describe('the secret of an app', () => {
  it('is the only one sent while it is accepted', async () => {
    const { sent, refresh } = world('new', { ...app, previousSecret: new Secret('old') });
    expect(await refresh()).toMatchObject({ kind: 'granted' });
    expect(sent).toEqual(['new']);
  });

  it('is replaced by the previous one while the server rejects it', async () => {
    const { sent, refresh } = world('old', { ...app, previousSecret: new Secret('old') });
    expect(await refresh()).toMatchObject({ kind: 'granted' });
    expect(sent).toEqual(['new', 'old']);
  });

  it('is replaced by one that was set while the server rejected it', async () => {
    const { sent, state, refresh } = world('newest', app);
    state.meanwhile = () => {
      state.known = { ...app, clientSecret: new Secret('newest'), previousSecret: app.clientSecret };
    };
    expect(await refresh()).toMatchObject({ kind: 'granted' });
    expect(sent).toEqual(['new', 'newest']);
  });

  it('is tried again if the previous one is rejected too, since the vendor may have switched meanwhile', async () => {
    const { sent, state, refresh } = world('old', { ...app, previousSecret: new Secret('old') });
    state.meanwhile = () => {
      state.good = 'new';
    };
    expect(await refresh()).toMatchObject({ kind: 'granted' });
    expect(sent).toEqual(['new', 'old', 'new']);
  });

  it('is not sent again when it is the only one', async () => {
    const { sent, refresh } = world('other', app);
    expect(await refresh()).toMatchObject({ kind: 'refused', code: 'authorization_server_error' });
    expect(sent).toEqual(['new']);
  });

  it('is tried at most three times, whatever is set meanwhile, so that the request ends before its lease', async () => {
    const { sent, state, refresh } = world('never', app);
    let count = 0;
    state.meanwhile = () => {
      state.known = { ...app, clientSecret: new Secret(`another ${++count}`) };
    };
    expect(await refresh()).toMatchObject({ kind: 'refused', code: 'authorization_server_error' });
    expect(sent).toEqual(['new', 'another 1', 'another 2']);
  });
});

describe('what an authorization server returns beside the pair', () => {
  const [clientSecret, refreshToken] = ['c'.repeat(30), 'f'.repeat(30)];
  const secrets = [clientSecret, refreshToken, tokens.access_token, tokens.refresh_token];
  const apps = { get: () => Promise.resolve({ ...app, clientSecret: new Secret(clientSecret) }) };
  const serverThatSays = (body: object) => {
    const post: Post = () => Promise.resolve(answer(200, body));
    return new OAuthServer({ servers: ['https://oauth.example'], apps, post, clock: new HandClock() });
  };

  it('is kept without a secret of the request or of the pair, in any encoding', async () => {
    const scope = ['task', ...secrets, ...secrets.map((it) => Buffer.from(`x${it}`).toString('base64'))].join(',');
    const oauth = serverThatSays({ ...tokens, scope, client_endpoint: `https://${clientSecret}.bitrix24.de/rest/` });
    const verdict = await oauth.refresh('a_1', new Secret(refreshToken), 'https://oauth.example');
    const granted = {
      scope: ['task', ...Array<string>(8).fill('[secret]')],
      endpoint: expect.stringContaining('removed'),
    };
    expect(verdict).toMatchObject({ kind: 'granted', granted });
    expect(verdict.kind === 'granted' && verdict.granted.pair.accessToken.reveal()).toBe(tokens.access_token);
  });

  it('is kept without the token that was checked', async () => {
    const token = tokens.access_token;
    const install = { client_endpoint: 'https://acme.bitrix24.de/rest/', member_id: tokens.member_id };
    const oauth = serverThatSays({ result: { client_id: 'local.1', scope: `task,${token}`, install } });
    expect(await oauth.tokenInfo(new Secret(token), 'https://oauth.example')).toMatchObject({
      scope: 'task,[secret]',
      endpoint: install.client_endpoint,
    });
  });
});
