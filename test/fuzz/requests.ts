import fc from 'fast-check';
import type { ApiDocument, Operation, Parameter, DocumentSchema } from '../support/api-document';
import { placesIn, replacedIn } from './deep-places';
import { fromSchema } from './from-schema';
import {
  brokenRequests,
  contentTypes,
  hostileHeaders,
  hostileNames,
  hostileObjects,
  hostileQueries,
  hostileSegments,
  hostileTexts,
  hostileValues,
  wrongVerbs,
} from './hostile';
import { KnownReference, type KnownValues, nameOf } from './known';
import { Fields, type Framing, jsonOf, type KeyKind, percent, type Sketch } from './sketch';

/** A generated request, with references in place of known values. */
export interface Draft {
  readonly operation: Operation;
  readonly key: KeyKind;
  /** Selects one of the places that the operation leads to. */
  readonly place: number;
  readonly inPath: Readonly<Record<string, unknown>>;
  readonly inQuery: Readonly<Record<string, unknown>>;
  readonly inHeader: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly twists: readonly Twist[];
}

/** A deviation of a request from its operation: a mistake or an oddity. */
export interface Twist {
  readonly what: string;
  /** Whether the request may now belong to another operation or to none; then any problem of the table is accepted. */
  readonly astray: boolean;
  readonly apply: (sketch: Sketch) => Sketch;
}

/**
 * Generates a request of any operation of the document: half of them as documented, the others with one or two twists.
 */
export function requestsOf(document: Pick<ApiDocument, 'operations' | 'resolved'>): fc.Arbitrary<Draft> {
  const each = document.operations.map((operation) => draftOf(operation, (schema) => document.resolved(schema)));
  const elsewhere = document.operations.slice(0, 1).map((operation) => offTheMap(operation));
  return fc.oneof({ weight: 40, arbitrary: fc.oneof(...each) }, { weight: 1, arbitrary: fc.oneof(...elsewhere) });
}

const keys: fc.Arbitrary<KeyKind> = fc.oneof(
  { weight: 80, arbitrary: fc.constant<KeyKind>('admin') },
  { weight: 10, arbitrary: fc.constant<KeyKind>('few') },
  { weight: 4, arbitrary: fc.constant<KeyKind>('expired') },
  { weight: 4, arbitrary: fc.constant<KeyKind>('wrong') },
  { weight: 2, arbitrary: fc.constant<KeyKind>('none') },
);

function draftOf(operation: Operation, resolve: (schema: DocumentSchema) => DocumentSchema): fc.Arbitrary<Draft> {
  const of = (place: Parameter['in']) => operation.parameters.filter((it) => it.in === place);
  const values = (parameters: readonly Parameter[]) =>
    fc.record(Object.fromEntries(parameters.map((it) => [it.name, valueOf(operation, it, resolve)])), {
      requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name),
    });
  const json = operation.requestBody?.content['application/json']?.schema;
  const twist = twistOf(operation);
  return fc.record({
    operation: fc.constant(operation),
    key: keys,
    place: fc.nat({ max: 1000 }),
    inPath: values(of('path')),
    inQuery: values(of('query')),
    inHeader: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: values(of('header')) }),
    body: json ? fromSchema(json, resolve) : fc.constant(undefined),
    twists: fc.oneof(
      { weight: 10, arbitrary: fc.constant([]) },
      { weight: 9, arbitrary: fc.tuple(twist) },
      { weight: 1, arbitrary: fc.tuple(twist, twist) },
    ),
  });
}

/** Waiting requests and repeated keys are rare. */
const ownHeaders: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  'X-Deadline-Ms': fc.constantFrom(1, 20, 500, 2000, 2000, 3000),
  'Idempotency-Key': fc.oneof(fc.uuid(), fc.constantFrom('one', '"two"', 'three')),
  'X-Request-Id': fc.oneof(fc.uuid(), fc.stringMatching(/^[\w.:-]{1,128}$/)),
};

function valueOf(
  operation: Operation,
  { in: place, name, schema }: Parameter,
  resolve: (it: DocumentSchema) => DocumentSchema,
) {
  const value = fromSchema(schema, resolve, place === 'path' ? nameOf(operation.path, name) : name);
  if (place === 'header') return ownHeaders[name] ?? value.map(latin1);
  return place === 'path' ? value.map(filledIn) : value;
}

/** A path parameter is never empty and never leads to another path; twists do that. */
function filledIn(value: unknown): unknown {
  if (value instanceof KnownReference) return new KnownReference(value.name, value.pick, filledIn(value.otherwise));
  return typeof value === 'string' && /^\.{0,2}$/.test(value) ? 'x' : value;
}

function latin1(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[^\x20-\x7e]/g, '?') : value;
}

function twistOf(operation: Operation): fc.Arbitrary<Twist> {
  const body = operation.requestBody ? [bodyTwists, bodyTwists, deepTwists, textTwists, framings] : [strayBodies];
  const path = operation.path.includes('{') ? [segmentTwists] : [];
  return fc.oneof(...body, ...path, pathTwists, queryTwists(operation), headerTwists, verbTwists, rawTwists(operation));
}

const odd = (what: string, apply: Twist['apply']): Twist => ({ what, astray: false, apply });
const astray = (what: string, apply: Twist['apply']): Twist => ({ what, astray: true, apply });
const header = (sketch: Sketch, ...more: readonly (readonly [string, string])[]): Sketch => ({
  ...sketch,
  headers: [...sketch.headers, ...more],
});

/** The fields of a body as pairs, so that a name may occur twice or be `__proto__`. */
function pairsOf({ json }: Sketch): (readonly [string, unknown])[] {
  if (json instanceof Fields) return [...json.pairs];
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : [];
}

const bodyTwists: fc.Arbitrary<Twist> = fc.oneof(
  fc.nat({ max: 20 }).map((at) =>
    odd('a field is missing', (sketch) => {
      const pairs = pairsOf(sketch);
      return { ...sketch, json: new Fields(pairs.filter((_, i) => i !== at % Math.max(1, pairs.length))) };
    }),
  ),
  fc
    .tuple(hostileNames, hostileValues)
    .map((pair) => odd('a field too many', (sketch) => ({ ...sketch, json: new Fields([...pairsOf(sketch), pair]) }))),
  fc.tuple(fc.nat({ max: 20 }), hostileValues).map(([at, value]) =>
    odd('a field of another kind', (sketch) => {
      const pairs = pairsOf(sketch);
      const changed = at % Math.max(1, pairs.length);
      return { ...sketch, json: new Fields(pairs.map(([name, it], i) => [name, i === changed ? value : it])) };
    }),
  ),
  fc.tuple(fc.nat({ max: 20 }), hostileValues).map(([at, value]) =>
    odd('a field comes twice', (sketch) => {
      const pairs = pairsOf(sketch);
      const [name = 'x'] = pairs[at % Math.max(1, pairs.length)] ?? [];
      return { ...sketch, json: new Fields([...pairs, [name, value]]) };
    }),
  ),
  hostileValues.map((json) => odd('another body', (sketch) => ({ ...sketch, json }))),
  fc.constant(odd('the body in a list', (sketch) => ({ ...sketch, json: [sketch.json] }))),
);

/**
 * The guard and the audit log read a body before its schema does, so the items of a list matter as much as the
 * top-level fields.
 */
const deepTwists: fc.Arbitrary<Twist> = fc
  .tuple(fc.nat({ max: 1000 }), fc.oneof(hostileValues, hostileObjects))
  .map(([at, value]) =>
    odd('something deep inside of another kind', (sketch) => {
      const [, ...inner] = placesIn(sketch.json);
      return { ...sketch, json: replacedIn(sketch.json, inner[at % Math.max(1, inner.length)] ?? [], value) };
    }),
  );

const textTwists: fc.Arbitrary<Twist> = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map((part) =>
    odd('broken JSON', (sketch) => {
      const text = jsonOf(sketch.json);
      return { ...sketch, text: text.slice(0, Math.floor(text.length * part)) };
    }),
  ),
  fc
    .tuple(hostileTexts, hostileTexts)
    .map(([before, after]) =>
      odd('something around the JSON', (sketch) => ({ ...sketch, text: `${before}${jsonOf(sketch.json)}${after}` })),
    ),
  hostileTexts.map((text) => odd('no JSON', (sketch) => ({ ...sketch, text }))),
  fc
    .constantFrom(60_000, 65_536, 70_000, 300_000)
    .map((length) => odd('a large body', (sketch) => ({ ...sketch, text: jsonOf(sketch.json) + ' '.repeat(length) }))),
  contentTypes.map((type) => odd('another content type', (sketch) => header(sketch, ['Content-Type', type]))),
);

const framings: fc.Arbitrary<Twist> = fc
  .constantFrom<Framing>('chunks', 'chunks', 'half', 'gone', 'too long', 'too short', 'both', 'no number')
  .map((framing) => astray(`a body sent so: ${framing}`, (sketch) => ({ ...sketch, framing })));

const strayBodies: fc.Arbitrary<Twist> = fc
  .tuple(
    fc.oneof(contentTypes, fc.constant('application/json')),
    fc.oneof(hostileTexts, fc.constantFrom('{}', '{"a":1}', '{')),
  )
  .map(([type, text]) =>
    odd('a body where none belongs', (sketch) => header({ ...sketch, text }, ['Content-Type', type])),
  );

const segmentTwists: fc.Arbitrary<Twist> = fc.tuple(fc.nat({ max: 5 }), hostileSegments).map(([at, segment]) =>
  astray('a hostile parameter', (sketch) => {
    const templates = sketch.operation.path.split('/');
    const places = templates.flatMap((it, i) => (it.startsWith('{') ? [i] : []));
    const place = places[at % places.length];
    const path = sketch.path.split('/').map((it, i) => (i === place ? segment : it));
    return { ...sketch, path: path.join('/') };
  }),
);

const pathTwists: fc.Arbitrary<Twist> = fc.oneof(
  fc
    .constantFrom('/', '//', '/.', '/..', ';x=1', '%00', '%20', '.json', '/../../../v1/clients', '%2f..%2f..')
    .map((end) => astray('a path with an end', (sketch) => ({ ...sketch, path: sketch.path + end }))),
  fc
    .constantFrom('/', '/.', '/v1/..', '/%2e%2e', '/docs/..', '/bitrix24/..')
    .map((start) => astray('a path with a beginning', (sketch) => ({ ...sketch, path: start + sketch.path }))),
  fc.constant(astray('a path in capitals', (sketch) => ({ ...sketch, path: sketch.path.toUpperCase() }))),
);

function queryTwists({ parameters }: Operation): fc.Arbitrary<Twist> {
  const names = parameters.filter((it) => it.in === 'query').map(({ name }) => name);
  const added = hostileQueries.map((text): Twist => {
    // A server refuses a longer header, so it would not be a request.
    const apply: Twist['apply'] = (it) => ({ ...it, query: [it.query, text].filter(Boolean).join('&') });
    return { what: 'a hostile query', astray: text.length > 10_000, apply };
  });
  if (names.length === 0) return added;
  const wrong = fc
    .tuple(fc.constantFrom(...names), hostileTexts)
    .map(([name, text]) =>
      odd(`a hostile ${name}`, (sketch) => ({ ...sketch, query: `${sketch.query}&${name}=${percent(text)}` })),
    );
  return fc.oneof(added, wrong, wrong);
}

const headerTwists: fc.Arbitrary<Twist> = fc.oneof(
  hostileHeaders.map((pair) => astray('a hostile header', (sketch) => header(sketch, pair))),
  fc
    .tuple(hostileHeaders, hostileHeaders)
    .map(([[name, one], [, other]]) => astray('a header twice', (it) => header(it, [name, one], [name, other]))),
);

const verbTwists: fc.Arbitrary<Twist> = wrongVerbs.map((method) =>
  astray(`the verb ${method}`, (sketch) => ({ ...sketch, method })),
);

function rawTwists({ method, path }: Operation): fc.Arbitrary<Twist> {
  const line = `${method} ${path.replace(/\{\w+\}/g, '1')}`;
  return brokenRequests(line).map((raw) => astray('hardly a request', (sketch) => ({ ...sketch, raw })));
}

/** Paths that are served besides the operations of the document. */
function offTheMap(operation: Operation): fc.Arbitrary<Draft> {
  const place = fc.constantFrom(
    '/',
    '/install',
    '/oauth/callback',
    '/bitrix24/install',
    '/bitrix24/events',
    '/openapi.json',
    '/docs',
    '/docs/',
    '/docs/..%2f..%2fpackage.json',
    '/v1',
    '/v1/nothing',
    '/favicon.ico',
    '/.env',
  );
  const form = fc.constantFrom(
    'event=ONAPPINSTALL&auth[member_id]=a',
    'auth[__proto__][polluted]=1',
    'AUTH_ID=a&REFRESH_ID=b&member_id=c',
    `${'a[b]'.repeat(500)}=1`,
  );
  return fc
    .record({ path: place, query: fc.oneof(fc.constant(''), hostileQueries), body: fc.oneof(form, hostileTexts) })
    .chain(({ path, query, body }) =>
      fc.constantFrom('GET', 'POST', 'DELETE').map((method) => {
        const form = 'application/x-www-form-urlencoded';
        const to = astray('beside the document', (sketch) =>
          method === 'POST'
            ? header({ ...sketch, method, path, query, text: body }, ['Content-Type', form])
            : { ...sketch, method, path, query },
        );
        const nothing = { inPath: {}, inQuery: {}, inHeader: {}, body: undefined };
        return { ...nothing, operation, key: 'none' as const, place: 0, twists: [to] };
      }),
    );
}

/** Builds the request with the values that are known now. */
export function sketchOf(draft: Draft, known: KnownValues): Sketch {
  const { operation, key, twists } = draft;
  const place = known.placeOf(operation, draft.place);
  const filled = (value: unknown) => known.filled(value, place);
  const inPath = filled(draft.inPath) as Record<string, unknown>;
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => percent(textOf(inPath[name])));
  const query = Object.entries(filled(draft.inQuery) as object).map(([name, it]) => `${name}=${percent(textOf(it))}`);
  const headers = Object.entries(filled(draft.inHeader) as object).map(([name, it]) => [name, textOf(it)] as const);
  const json = filled(draft.body);
  const plain: Sketch = {
    operation,
    key,
    method: operation.method,
    path,
    query: query.join('&'),
    headers,
    framing: 'length',
    ...(json !== undefined && { json }),
  };
  return twists.reduce((sketch, twist) => twist.apply(sketch), plain);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
