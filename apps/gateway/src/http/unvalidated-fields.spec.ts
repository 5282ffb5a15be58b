import 'reflect-metadata';
import { Fault } from '@b24/portal';
import fc from 'fast-check';
import { controllers } from '../app.module';
import { tools } from '../doors/mcp/tools';
import { operationMetadata, type OperationRoute, type UnvalidatedRequest } from './operation-route';
import { idempotentWriteOf } from './idempotent-write';
import { idsOf } from './audit-context';
import { fieldOf, listOf, textOf } from './unvalidated-fields';

type ReadsCheck = (request: UnvalidatedRequest) => boolean;

/** Every operation that reads a request before its schema validates it. */
function lookers(): [string, ReadsCheck][] {
  return controllers.flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype).flatMap((name): [string, ReadsCheck][] => {
      const handler = (prototype as Record<string, object>)[name] ?? {};
      const operation = Reflect.getMetadata(operationMetadata, handler) as OperationRoute | undefined;
      return operation?.onlyReads ? [[operation.action, operation.onlyReads]] : [];
    }),
  );
}

const names = [
  'commands',
  'call',
  'method',
  'params',
  'portal',
  'id',
  'groupId',
  'alias',
  'toString',
  'valueOf',
  'toJSON',
  'length',
];
/** Any JSON value, with names that the gateway and the language use, and objects in place of texts. */
const { value: hostile } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', 'user.get', 'crm.deal.add', {}, [], { toString: 1 }),
    fc.constantFrom<unknown>({ toString: null, valueOf: 1 }, { toJSON: 1 }, { length: 1e9 }, [[[[]]]]),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('value'), { maxKeys: 5 }),
    fc.array(tie('value'), { maxLength: 5 }),
  ),
}));
const bodies = fc.oneof(
  hostile,
  hostile.map((method) => ({ commands: [{ method: 'user.get' }, { method }] })),
  hostile.map((command) => ({ commands: [{ method: 'user.get' }, command] })),
  hostile.map((commands) => ({ commands })),
  hostile.map((method) => ({ call: { method } })),
  hostile.map((call) => ({ call })),
);

describe('a request that no schema has validated', () => {
  const looking = lookers();

  it('is read before validation by these operations', () => {
    expect(looking.map(([name]) => name).sort()).toEqual([
      'callMethod',
      'callVersionThree',
      'fanOut',
      'runBatch',
      'streamList',
    ]);
  });

  it.each(looking)('is taken for a read or a write by %s, whatever is in it', (_, onlyReads) => {
    fc.assert(
      fc.property(hostile, bodies, (params, body) => {
        expect(typeof onlyReads({ params, body })).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  it('is classified as a write by runBatch unless each of its commands certainly reads', () => {
    const [, onlyReads] = looking.find(([name]) => name === 'runBatch') ?? [];
    const reads = (...commands: unknown[]) => onlyReads?.({ params: {}, body: { commands } });
    expect(reads({ method: 'user.get' }, { method: 'crm.deal.LIST' })).toBe(true);
    const others = [{ method: 'crm.deal.add' }, { method: ['user.get'] }, { method: { toString: 1 } }, null, 1, {}];
    for (const other of others) expect(reads({ method: 'user.get' }, other)).toBe(false);
  });

  it('is classified as a read or a write by every tool of an assistant, whatever its arguments are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), hostile), fc.constantFrom(...tools), (args, tool) => {
        expect(typeof tool.writes(args)).toBe('boolean');
      }),
    );
  });

  it('is recorded by ids, numbers and flags, whatever it contains', () => {
    const fields = { byValue: ['groupId', 'length'], byPresence: ['alias', 'toString'] };
    fc.assert(
      fc.property(hostile, bodies, (params, body) => {
        for (const value of Object.values(idsOf(params, body, fields)))
          expect(['string', 'number', 'boolean']).toContain(typeof value);
      }),
      { numRuns: 2000 },
    );
  });

  it('has a fingerprint for its Idempotency-Key, or is refused with a fault', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          expect(idempotentWriteOf({ method: 'POST', url: '/v1', body }, 'c_1', 'key').fingerprint).toMatch(
            /^[0-9a-f]{64}$/,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is read by functions that never throw and never take an inherited field', () => {
    fc.assert(
      fc.property(fc.anything({ withSparseArray: true, withNullPrototype: true }), fc.string(), (value, name) => {
        fieldOf(value, name);
        textOf(value, name);
        listOf(value, name);
      }),
    );
    expect([fieldOf({}, 'toString'), fieldOf([], 'length'), fieldOf('text', 'length'), listOf({ a: {} }, 'a')]).toEqual(
      [undefined, 0, undefined, undefined],
    );
  });
});
