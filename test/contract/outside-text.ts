import 'reflect-metadata';
import { parse as parseJsonBody } from 'secure-json-parse';
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { isAccessToken } from '@b24/access';
import { portalEndpoint, PortalHosts } from '@b24/grants';
import { Bytes, isPortalId } from '@b24/portal';
import { Keyring } from '@b24/seal';
import { csvCell, prefersCsv } from '../../apps/gateway/src/api/audit/audit-csv';
import { installPath } from '../../apps/gateway/src/api/apps/app-addresses';
import { methodName } from '../../apps/gateway/src/line/any-method';
import { cookieOf, isFromConsole } from '../../apps/gateway/src/doors/console/console-cookie';
import { personOf } from '../../apps/gateway/src/doors/console/person-claims';
import { returnPath } from '../../apps/gateway/src/doors/console/return-path';
import type { FastifyRequest } from 'fastify';
import { prefersLines } from '../../apps/gateway/src/api/boards/board-answer';
import { deadlineMsOf } from '../../apps/gateway/src/http/caller';
import { matchesEtag } from '../../apps/gateway/src/http/etag';
import { assertSafeJson } from '../../apps/gateway/src/http/safe-json';
import { canonical, idempotencyKey } from '../../apps/gateway/src/http/idempotency-key';
import { bearerToken } from '../../apps/gateway/src/http/authenticate-key';
import { prefersAsync } from '../../apps/gateway/src/http/prefers-async';
import { withEncodedTarget } from '../../apps/gateway/src/http/raw-urls';
import { requestId } from '../../apps/gateway/src/http/request-id';
import { sourceOf } from '../../apps/gateway/src/http/source-address';
import { StaticDocument } from '../../apps/gateway/src/http/static-document';
import { idsOf } from '../../apps/gateway/src/http/audit-context';
import { requestedPage, portalNamed } from '../../apps/gateway/src/doors/pages/requested-page';
import { BrowserCookie } from '../../apps/gateway/src/doors/pages/browser-cookie';
import { assertResource, readConsentRequest } from '../../apps/gateway/src/doors/assistants/consent-request';
import { isRedirectUri } from '../../apps/gateway/src/doors/assistants/redirect-uri';
import { Registrations, registrationSchema } from '../../apps/gateway/src/doors/assistants/registrations';
import { SealedJson } from '../../apps/gateway/src/doors/assistants/sealed-json';
import { readEvent, readFrame } from '../../apps/gateway/src/doors/events/claims';
import { parsePhpForm } from '../../apps/gateway/src/doors/events/php-form';
import { parsePhpParams } from '../../apps/gateway/src/http/php-params';
import { parseJsonParams } from '../../apps/gateway/src/doors/sdk/sdk-params';
import { webhookCall, webhookUrl } from '../../apps/gateway/src/doors/sdk/webhook-call';
import { readToken } from '../../libs/access/src/assistant-tokens';
import { parseEnvelope } from '../../libs/upstream/src/answer-body';
import { phpQuery, batchedBytes } from '../../libs/upstream/src/php-query';
import { judgeTokenAnswer } from '../../libs/grants/src/token-answer';

/** A function that reads text from outside. */
export interface OutsideText {
  readonly name: string;
  /** The file it is in. */
  readonly file: string;
  readonly read: (text: string) => unknown;
  /** Its own worst texts, of about this many characters. */
  readonly worst?: readonly ((characters: number) => string)[];
}

const http = 'apps/gateway/src/http';
const rules = { hosts: new PortalHosts(['*.bitrix24.com']), allowHttp: false };
const headed = (headers: Record<string, string>) => ({ headers }) as unknown as FastifyRequest;
const sealer = new Keyring([{ id: 'k1', key: Buffer.alloc(32) }]).for('client ids');
const registrations = new Registrations(sealer);
const clientId = registrations.register({ name: 'a', redirectUris: ['https://a.example/'] });
/** Runs a reader that refuses most texts. */
const attempt = (read: () => unknown): void => {
  try {
    read();
  } catch {
    // A refusal was read, too.
  }
};
const document = new StaticDocument(() => 'text', 'text/plain');
const noop = () => reply;
const reply = {
  getHeader: () => undefined,
  headers: noop,
  status: noop,
  send: noop,
  header: noop,
  type: noop,
} as never;
const numbered = (pair: (i: number) => string) => (characters: number) => {
  const parts: string[] = [];
  for (let i = 0, size = 0; size < characters; i++) {
    const part = pair(i);
    parts.push(part);
    size += part.length + 1;
  }
  return parts.join('&');
};
const json = (part: (i: number) => string) => (characters: number) =>
  `{${numbered(part)(characters).replaceAll('&', ',')}}`;

/** Files at the doors that look as if they read text from outside, and why they are not below. */
export const excused: Readonly<Record<string, string>> = {
  'apps/gateway/src/http/connections.ts': 'reads TRUSTED_PROXIES, which settings.ts has checked',
  'apps/gateway/src/http/log.ts': 'reads the stack of an error',
  'apps/gateway/src/http/compress-answers.ts': 'reads the paths of our own routes',
  'apps/gateway/src/http/read-body.ts': 'reads a Content-Length, which Node has checked',
  'apps/gateway/src/doors/files/sealed-links.ts': 'tests a path, which Node bounds to 16 KiB, letter by letter',
  'apps/gateway/src/doors/files/files.ts': 'reads headers that undici bounds, and its own sealed link',
  'apps/gateway/src/openapi-document.ts': 'reads our own schemas',
  'apps/gateway/src/http/problem-responses.ts': 'writes the document from our own fault table',
  'apps/gateway/src/http/serve-reference.ts': 'reads our own openapi.json',
  'apps/gateway/src/http/serve-site.ts': 'reads no text',
  'apps/gateway/src/http/shapes.ts': 'bounds every text by its schema',
  'apps/gateway/src/doors/console/console-sessions.ts': 'reads an id of 43 letters, and what it wrote itself',
  'apps/gateway/src/doors/console/provider-fetch.ts': 'reads URLs of a setting, and of metadata of half a megabyte',
  'apps/gateway/src/doors/console/session-index.ts': 'reads what it wrote itself',
  'apps/gateway/src/doors/console/identity-provider.ts':
    'splits a setting; the library reads answers of half a megabyte',
  'apps/gateway/src/doors/console/person-sign-in.ts': 'splits a URL, which Node bounds to 16 KiB, once',
  'apps/gateway/src/doors/console/console.controller.ts': 'splits a query, which Node bounds to 16 KiB, at its commas',
  'apps/gateway/src/doors/console/live-channel.ts': 'reads what replicas publish',
  'apps/gateway/src/doors/pages/authorization-states.ts': 'reads a state after its signature was checked, by split',
  'apps/gateway/src/doors/pages/bitrix24-strategy.ts': 'reads a URL that it made',
  'apps/gateway/src/doors/pages/installs.controller.ts':
    'reads a query, which Node bounds to 16 KiB, by parsers that are tried',
  'apps/gateway/src/doors/pages/pages.ts': 'escapes texts that were bounded before',
  'apps/gateway/src/doors/assistants/assistant-paths.ts': 'reads PUBLIC_URL',
  'apps/gateway/src/doors/assistants/consents.ts': 'reads an address that its registration has checked',
  'apps/gateway/src/doors/assistants/consent-pages.ts': 'reads an address that its registration has checked',
  'apps/gateway/src/doors/assistants/oauth-door.ts': 'cuts a text to 500 letters before it replaces any',
  'apps/gateway/src/doors/pages/page-layout.ts': 'escapes texts that were bounded before',
  'apps/gateway/src/doors/mcp/mcp-door.ts': 'reads PUBLIC_URL',
  'apps/gateway/src/doors/mcp/declared-tool.ts': 'reads the ids of our own operations',
  'apps/gateway/src/doors/mcp/listed-tools.ts': 'reads the names of our own tools',
  'apps/gateway/src/http/php-array.ts': 'is read through parsePhpParams',
  'apps/gateway/src/doors/sdk/webhooks.ts':
    'tests a content type from its start, and cuts a host and a URL at one mark',
};

/** Everything that reads text from outside before its length is bounded by a schema. */
export const parsers: readonly OutsideText[] = [
  {
    name: 'parsePhpParams',
    file: `${http}/php-params.ts`,
    read: (text) => parsePhpParams(Bytes.of(text)),
    worst: [numbered(() => 'a[]='), numbered((i) => `a[${i}][]=%`), numbered((i) => `a[b${'['.repeat(90)}${i}=+`)],
  },
  {
    name: 'parseJsonParams',
    file: 'apps/gateway/src/doors/sdk/sdk-params.ts',
    read: (text) => parseJsonParams(Bytes.of(text)),
    worst: [
      json((i) => `"${i}":1.0`),
      (characters) => `[${'1'.repeat(characters)}]`,
      (characters) => `[${'1.0,'.repeat(characters / 4)}1]`,
      (characters) => `{"a":"${'\\"'.repeat(characters / 2)}"}`,
      (characters) => `["${'\\u0416'.repeat(characters / 6)}"${':'.repeat(1000)}`,
    ],
  },
  {
    name: 'withEncodedTarget',
    file: `${http}/raw-urls.ts`,
    read: (text) => withEncodedTarget(Buffer.from(text)),
    worst: [(characters) => `GET /${'Ж'.repeat(characters / 2)} HTTP/1.1\r\n`],
  },
  { name: 'webhookUrl', file: 'apps/gateway/src/doors/sdk/webhook-call.ts', read: webhookUrl },
  {
    name: 'webhookCall',
    file: 'apps/gateway/src/doors/sdk/webhook-call.ts',
    read: (text) => [webhookCall(text, {}), webhookCall('batch', { cmd: { a: text }, [text]: text })],
    worst: [(characters) => `a${'\n?'.repeat(characters / 2)}`],
  },
  {
    name: 'parsePhpForm',
    file: 'apps/gateway/src/doors/events/php-form.ts',
    read: parsePhpForm,
    worst: [(characters) => `a${'[b'.repeat(characters / 2)}`, (characters) => `a=${'%5B'.repeat(characters / 3)}`],
  },
  {
    name: 'portalNamed',
    file: 'apps/gateway/src/doors/pages/requested-page.ts',
    read: (text) => portalNamed(text, rules),
    worst: [(characters) => `${'/'.repeat(characters)}\na`],
  },
  {
    name: 'requestedPage',
    file: 'apps/gateway/src/doors/pages/requested-page.ts',
    read: (text) => {
      const request = {
        method: 'POST',
        url: `/bitrix24/install?DOMAIN=${text}`,
        headers: { accept: `${text}text/html` },
      };
      return requestedPage(request as never, rules);
    },
    worst: [(characters) => `${'/'.repeat(characters)}%0Aa`, (characters) => 'text/htm'.repeat(characters / 8)],
  },
  {
    name: 'readEvent',
    file: 'apps/gateway/src/doors/events/claims.ts',
    read: (text) => readEvent({ event: text, ts: text, auth: { member_id: text, application_token: text } }, rules),
  },
  {
    name: 'readFrame',
    file: 'apps/gateway/src/doors/events/claims.ts',
    read: (text) => readFrame({ AUTH_ID: text, REFRESH_ID: text, member_id: text, SERVER_ENDPOINT: text }),
  },
  {
    name: 'installPath',
    file: 'apps/gateway/src/api/apps/app-addresses.ts',
    read: (text) => installPath(`/install/${text}`),
  },
  {
    name: 'bearerKey',
    file: `${http}/authenticate-key.ts`,
    read: (text) => bearerToken(`Bearer ${text}`),
    worst: [(n) => ' '.repeat(n)],
  },
  {
    name: 'idempotencyKey',
    file: `${http}/idempotency-key.ts`,
    read: idempotencyKey,
    worst: [(characters) => `"${'\\"'.repeat(characters / 2)}`, (characters) => `"${'\\'.repeat(characters)}`],
  },
  {
    name: 'canonical',
    file: `${http}/idempotency-key.ts`,
    read: (text) => canonical(JSON.parse(text)),
    worst: [json((i) => `"f${i}":1`)],
  },
  {
    name: 'assertSafeJson',
    file: `${http}/safe-json.ts`,
    read: (text) => {
      assertSafeJson(JSON.parse(text));
    },
    worst: [
      json((i) => `"f${i}":[{"a":[1]}]`),
      (characters) => `${'['.repeat(characters / 2)}${']'.repeat(characters / 2)}`,
    ],
  },
  {
    name: 'prefersAsync',
    file: `${http}/prefers-async.ts`,
    read: (text) => prefersAsync(headed({ prefer: text })),
    worst: [(n) => `respond-async${' '.repeat(n)}x`, (n) => ' ,'.repeat(n / 2)],
  },
  {
    name: 'deadlineMsOf',
    file: `${http}/caller.ts`,
    read: (text) => deadlineMsOf(headed({ 'x-deadline-ms': text })),
    worst: [(n) => '1'.repeat(n)],
  },
  { name: 'requestId', file: `${http}/request-id.ts`, read: requestId },
  {
    name: 'sourceOf',
    file: `${http}/source-address.ts`,
    read: (text) => sourceOf({ ip: text }),
    worst: [(n) => ':'.repeat(n), (n) => '1.'.repeat(n / 2)],
  },
  {
    name: 'StaticDocument',
    file: `${http}/static-document.ts`,
    read: (text) => document.show(headed({ 'accept-encoding': text, 'if-none-match': text }), reply),
    worst: [(n) => ','.repeat(n), (n) => 'br;q=0,'.repeat(n / 7)],
  },
  {
    name: 'matchesEtag',
    file: `${http}/etag.ts`,
    read: (text) => matchesEtag('W/"a"', text),
    worst: [(n) => ','.repeat(n), (n) => `${' '.repeat(n)}x`, (n) => 'W/'.repeat(n / 2)],
  },
  {
    name: 'prefersLines',
    file: 'apps/gateway/src/api/boards/board-answer.ts',
    read: prefersLines,
    worst: [(n) => ','.repeat(n), (n) => 'a/b;q=0,'.repeat(n / 8)],
  },
  {
    name: 'prefersCsv',
    file: 'apps/gateway/src/api/audit/audit-csv.ts',
    read: prefersCsv,
    worst: [(n) => ','.repeat(n), (n) => 'a/b;q=0,'.repeat(n / 8)],
  },
  {
    name: 'csvCell',
    file: 'apps/gateway/src/api/audit/audit-csv.ts',
    read: csvCell,
    worst: [(n) => ' '.repeat(n), (n) => '"'.repeat(n)],
  },
  {
    name: 'idsOf',
    file: `${http}/audit-context.ts`,
    read: (text) => idsOf({ id: text, app: text, taskId: text }, { url: text }, { byValue: [], byPresence: ['url'] }),
    worst: [(n) => '1'.repeat(n)],
  },
  {
    name: 'the body of JSON',
    file: 'apps/gateway/src/create-gateway.ts',
    read: (text) => parseJsonBody(text),
    worst: [json((i) => `"\\u005f${i}":{"constructor":1}`)],
  },
  {
    name: 'a message of MCP',
    file: 'apps/gateway/src/doors/mcp/answer-message.ts',
    read: (text) => JSONRPCMessageSchema.parse(JSON.parse(text)),
    worst: [json((i) => `"f${i}":1`)],
  },
  {
    name: 'the cookie of an authorization',
    file: 'apps/gateway/src/doors/pages/browser-cookie.ts',
    read: (text) =>
      new BrowserCookie([Buffer.alloc(32)], 'https://gw.example.com').of({
        headers: { cookie: `__Host-b24_install=${text}` },
      }),
  },
  {
    name: 'the page after a sign-in',
    file: 'apps/gateway/src/doors/console/return-path.ts',
    read: (text) => returnPath(text),
  },
  {
    name: 'the claims of a person',
    file: 'apps/gateway/src/doors/console/person-claims.ts',
    read: (text) =>
      personOf(
        { sub: 'a', name: text, email: text, email_verified: true, groups: [text] },
        {
          issuer: 'https://sso.example',
          rolesClaim: 'groups',
          people: { viewer: ['a@b'], operator: ['c'], admin: [] },
        },
      ),
  },
  {
    name: 'the console cookie',
    file: 'apps/gateway/src/doors/console/console-cookie.ts',
    read: (text) => [
      cookieOf(headed({ cookie: text }), 'https://gw.example.com'),
      isFromConsole(headed({ 'x-console': '1', origin: text }), 'https://gw.example.com'),
    ],
    worst: [(n) => '=;'.repeat(n / 2), (n) => `${' '.repeat(n)}a`],
  },
  {
    name: 'readConsentRequest',
    file: 'apps/gateway/src/doors/assistants/consent-request.ts',
    read: (text) => {
      const pkce = { code_challenge_method: 'S256', code_challenge: text };
      const fixed = { client_id: clientId, response_type: 'code', ...pkce };
      for (const given of [{ ...fixed, state: text }, { client_id: text }, { ...fixed, redirect_uri: text }])
        attempt(() => readConsentRequest(given, registrations, 'https://gw.example.com/mcp'));
      attempt(() => {
        assertResource({ resource: text }, 'https://gw.example.com/mcp');
      });
    },
    worst: [(n) => '-'.repeat(n)],
  },
  {
    name: 'registrationSchema',
    file: 'apps/gateway/src/doors/assistants/registrations.ts',
    read: (text) => [
      registrationSchema.safeParse({ client_name: text, redirect_uris: [text] }),
      registrationSchema.safeParse({ client_name: text.slice(0, 100), redirect_uris: ['https://a.example/'] }),
    ],
    worst: [(n) => `https://${'a.'.repeat(n / 2)}`, (n) => '\u202e'.repeat(n)],
  },
  {
    name: 'isRedirectUri',
    file: 'apps/gateway/src/doors/assistants/redirect-uri.ts',
    read: isRedirectUri,
    worst: [(n) => `https://${'a.'.repeat(n / 2)}`, (n) => `https://a/${'../'.repeat(n / 3)}`],
  },
  {
    name: 'SealedJson',
    file: 'apps/gateway/src/doors/assistants/sealed-json.ts',
    read: (text) => new SealedJson(sealer, 10_000_000).open(`v2.${text}`, 'holder'),
    worst: [(n) => `${'a.'.repeat(n / 2)}`, (n) => `k1.${'A'.repeat(n)}`],
  },
  {
    name: 'readToken',
    file: 'libs/access/src/assistant-tokens.ts',
    read: (text) => [isAccessToken(text), readToken('access', `b24access_${text}`)],
    worst: [(n) => 'a'.repeat(n)],
  },
  {
    name: 'methodName',
    file: 'apps/gateway/src/line/any-method.ts',
    read: (text) => methodName.parse(text),
    worst: [(n) => 'a.'.repeat(n / 2)],
  },
  {
    name: 'portalEndpoint',
    file: 'libs/grants/src/portal-endpoint.ts',
    read: (text) => portalEndpoint(text, rules),
    worst: [(n) => `https://${'a.'.repeat(n / 2)}`],
  },
  {
    name: 'PortalHosts',
    file: 'libs/grants/src/portal-hosts.ts',
    read: (text) => rules.hosts.allows(text),
    worst: [(n) => 'a.'.repeat(n / 2)],
  },
  { name: 'isPortalId', file: 'libs/portal/src/portal.ts', read: isPortalId, worst: [(n) => 'a'.repeat(n)] },
  {
    name: 'sharedSize',
    file: 'libs/upstream/src/php-query.ts',
    read: (text) => batchedBytes('a', { a: text, [text]: [text] }),
    worst: [(n) => '\ud83d\ude00'.repeat(n / 2)],
  },
  { name: 'phpQuery', file: 'libs/upstream/src/php-query.ts', read: (text) => phpQuery({ a: [text], [text]: text }) },
  {
    name: 'bodyOf',
    file: 'libs/upstream/src/answer-body.ts',
    read: (text) => parseEnvelope('a', { status: 200, body: text }),
  },
  {
    name: 'judgeTokenAnswer',
    file: 'libs/grants/src/token-answer.ts',
    read: (text) => judgeTokenAnswer({ status: 400, body: text }, 0),
  },
];
