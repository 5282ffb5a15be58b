import type { AccessAttempt, SpelledMethod } from './attempts';

/** A request as it is sent. */
export interface AttemptRequest {
  readonly path: string;
  readonly init: RequestInit;
  /** The scope that its door asks of a key. */
  readonly scope: string;
}

export interface AttemptTarget {
  /** The address of the portal in a path. */
  readonly portal: string;
  /** Addresses for a fan-out. */
  readonly portals: readonly string[] | 'all';
  readonly key: string;
  /** The request's number, by which its commands are known again. */
  readonly number: number;
}

/** From here on numbers are marks, where a method takes nothing but numbers. */
export const firstMark = 1_000_000;
/** Each request is about another deal, since some delete theirs. */
export const dealCount = 500;
const dealOf = (number: number) => 1 + (number % dealCount);
const markOf = (number: number, i: number) => `m${number}.${i}`;

/** What each command takes; one that is spelled like a batch tries to run something inside. */
function paramsOf(command: SpelledMethod | undefined, number: number, i: number): Record<string, unknown> {
  const own = { mark: markOf(number, i), id: dealOf(number) };
  if (!command?.text.toLowerCase().startsWith('batch')) return own;
  const inside = { x: `${command.method}?mark=${markOf(number, i)}&id=${dealOf(number)}` };
  return number % 2 === 0 ? { CMD: inside } : { cmd: inside };
}

export function sentOf(attempt: AccessAttempt, place: AttemptTarget): AttemptRequest {
  const { commands } = attempt;
  const [first = { method: 'profile', text: 'profile' }] = commands;
  const { portal, number } = place;
  const at = `/v1/portals/${encodeURIComponent(portal)}`;
  const named = (it: SpelledMethod) => encodeURIComponent(it.text);
  const marked = (i: number) => paramsOf(commands[i], number, i);
  const each = commands.map((it, i) => ({ method: it.text, params: marked(i) }));
  switch (attempt.door) {
    case 'call':
      return byKey(place, `${at}/call/${named(first)}`, 'call', { params: marked(0) });
    case 'list':
      return byKey(place, `${at}/list/${named(first)}`, 'call', { params: marked(0) });
    case 'batch':
      return byKey(place, `${at}/batch`, 'call', { commands: each, ...attempt.flags });
    case 'batch job':
      return byKey(place, `${at}/batch`, 'call', { commands: each, ...attempt.flags }, { Prefer: 'respond-async' });
    case 'fan-out':
    case 'fan-out job': {
      const body = { portals: place.portals, call: { method: first.text, params: marked(0) } };
      return byKey(place, '/v1/fan-out', 'call', body, attempt.door === 'fan-out' ? {} : { Prefer: 'respond-async' });
    }
    case 'declared':
      return declared(attempt, place, at);
    case 'tool':
      return tool(attempt, place, first);
    case 'sdk':
      return sdk(attempt, place, first.text, { ...marked(0), 'fields[TITLE]': 'x' });
    case 'sdk batch':
      return sdkBatch(attempt, place);
  }
}

function byKey(
  place: AttemptTarget,
  path: string,
  scope: string,
  body?: unknown,
  more: Record<string, string> = {},
  method = 'POST',
): AttemptRequest {
  const headers = {
    Authorization: `Bearer ${place.key}`,
    'X-Request-Id': `az-${place.number}`,
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...more,
  };
  return { path, scope, init: { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) } };
}

/** Operations of their own: what they name is a number, which is the mark. */
function declared({ key, commands }: AccessAttempt, place: AttemptTarget, at: string): AttemptRequest {
  const id = firstMark + place.number;
  const operations = [
    () => byKey(place, `${at}/groups/${id}/backlog`, 'backlog:read', undefined, {}, 'GET'),
    () => byKey(place, `${at}/backlogs`, 'backlog:write', { groupId: id, createdBy: 1 }),
    () => byKey(place, `${at}/backlogs/${id}`, 'backlog:write', { modifiedBy: 1 }, {}, 'PATCH'),
    () => byKey(place, `${at}/backlogs/${id}`, 'backlog:write', undefined, {}, 'DELETE'),
    () => byKey(place, `${at}/epics/${id}`, 'scrum:read', undefined, {}, 'GET'),
    () => byKey(place, `${at}/groups/${id}/epics`, 'scrum:write', { name: 'x' }),
    () => byKey(place, `${at}/epics/${id}`, 'scrum:write', undefined, {}, 'DELETE'),
    () => byKey(place, `${at}/tasks/${id}/scrum`, 'scrum:read', undefined, {}, 'GET'),
  ];
  return (operations[(key + commands.length) % operations.length] ?? operations[0]!)();
}

function tool(attempt: AccessAttempt, place: AttemptTarget, { text }: SpelledMethod): AttemptRequest {
  const id = firstMark + place.number;
  const { portal } = place;
  const tools = [
    ['call', 'call_method', { portal, method: text, params: paramsOf(attempt.commands[0], place.number, 0) }],
    ['call', 'call_method', { portal, method: text, params: paramsOf(attempt.commands[0], place.number, 0) }],
    ['backlog:read', 'get_backlog', { portal, groupId: id }],
    ['backlog:write', 'add_backlog', { portal, groupId: id, createdBy: 1 }],
    ['scrum:write', 'delete_epic', { portal, epicId: id }],
  ] as const;
  const [scope, name, args] = tools[attempt.key % tools.length] ?? tools[0];
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
  return byKey(place, '/mcp', scope, message, { Accept: 'application/json, text/event-stream' });
}

/** An SDK's URL: the portal's own, with a key in the place of the webhook's secret. */
const webhook = ({ portal, key }: AttemptTarget, method: string) =>
  `/p/${encodeURIComponent(portal)}/rest/1/${key}/${encodeURIComponent(method).replaceAll('%2F', '/')}`;

function sdk(
  { how }: AccessAttempt,
  place: AttemptTarget,
  method: string,
  params: Record<string, unknown>,
): AttemptRequest {
  return { scope: 'call', ...parcel(how, webhook(place, method), pairsOf(params), params, place) };
}

function sdkBatch({ how, containers, commands, flags }: AccessAttempt, place: AttemptTarget): AttemptRequest {
  const urls = commands.map((it, i) => `${it.text}?mark=${markOf(place.number, i)}&id=${dealOf(place.number)}`);
  // Commands are dealt out over the containers.
  const dealt = containers.map((it, c) => ({
    ...it,
    urls: urls.flatMap((url, i) => (i % containers.length === c ? [[`c${i}`, url] as const] : [])),
  }));
  const query = dealt
    .filter((it) => it.inQuery || how === 'GET')
    .flatMap((it) => it.urls.map(([name, url]) => `${raw(it.name)}[${name}]=${encodeURIComponent(url)}`));
  const inBody = dealt.filter((it) => !it.inQuery && how !== 'GET');
  const body: Record<string, unknown> = { ...(flags.halt && { HALT: 1 }) };
  for (const it of inBody) body[it.name] = Object.fromEntries(it.urls);
  const pairs = inBody.flatMap((it) => it.urls.map(([name, url]): [string, string] => [`${it.name}[${name}]`, url]));
  const path = webhook(place, flags.references ? 'batch' : 'BATCH.json');
  return { scope: 'call', ...parcel(how, query.length > 0 ? `${path}?${query.join('&')}` : path, pairs, body, place) };
}

/** A name with percent signs is as somebody encoded it already. */
const raw = (name: string) => (name.includes('%') ? name : encodeURIComponent(name));

function pairsOf(params: Record<string, unknown>): [string, string][] {
  return Object.entries(params).map(([name, value]) => [name, String(value)]);
}

function parcel(
  how: AccessAttempt['how'],
  path: string,
  pairs: readonly (readonly [string, string])[],
  body: unknown,
  { number }: AttemptTarget,
): Pick<AttemptRequest, 'path' | 'init'> {
  const id = { 'X-Request-Id': `az-${number}` };
  const text = pairs.map(([name, value]) => `${raw(name)}=${encodeURIComponent(value)}`).join('&');
  const typed = (type: string, sent: string) => ({
    path,
    init: { method: 'POST', headers: { ...id, 'Content-Type': type }, body: sent },
  });
  switch (how) {
    case 'GET':
      return { path: text === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${text}`, init: { headers: id } };
    case 'form':
      return typed('application/x-www-form-urlencoded', text);
    case 'json':
      return typed('application/json', JSON.stringify(body));
    case 'text':
      return typed('text/plain', text);
    case 'no type':
      return { path, init: { method: 'POST', headers: id, body: new Blob([text]) } };
    case 'multipart': {
      const form = new FormData();
      for (const [name, value] of pairs) form.append(name, value);
      return { path, init: { method: 'POST', headers: id, body: form } };
    }
  }
}
