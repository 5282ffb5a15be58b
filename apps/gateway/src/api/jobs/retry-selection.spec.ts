import { type FaultCode, faultCodes, portalId } from '@b24/portal';
import { type ItemCodes, mayHaveRun, selectCommands, selectTargets } from './retry-selection';

const [read, write] = ['crm.deal.get', 'crm.deal.add'];
const given = { deadlineMs: 1000, requestId: 'r' };
const codesOf = (...codes: (readonly [number, FaultCode | 'none'])[]): ItemCodes => new Map(codes);
const targets = ['a', 'b', 'c'].map((it) => ({ named: { name: it }, portal: portalId(it.repeat(32)) }));
const fanOut = (method: string) => ({ method, params: {}, ...given, targets });
const batch = (methods: string[], references = false) => ({
  ...{ portal: portalId('a'.repeat(32)), portalName: 'acme', halt: false, references, ...given },
  commands: methods.map((method) => ({ method, params: {} })),
});

describe('a command that failed', () => {
  it.each<[code: FaultCode | 'none', isUnknown: boolean]>([
    ['outcome_unknown', true],
    ['portal_error', true],
    ['answer_too_large', true],
    ['result_too_large', true],
    ['rejected_by_portal', false],
    ['portal_unreachable', false],
    ['command_not_run', false],
    ['none', false],
  ])('with %s may have written: %s', (code, isUnknown) => {
    expect(mayHaveRun(write, code)).toBe(isUnknown);
  });

  it('and reads may be repeated whatever came of it', () => {
    expect(faultCodes.filter((code) => mayHaveRun(read, code))).toEqual([]);
  });
});

describe('the portals of a fan-out that are retried', () => {
  const codes = codesOf([0, 'outcome_unknown'], [2, 'rejected_by_portal']);

  it.each([
    ['failed', ['c']],
    ['unknown', ['a']],
  ] as const)('are, for %s writes, %j', (wanted, names) => {
    const { payload, ...more } = selectTargets(fanOut(write), codes, wanted);
    expect(payload.targets.map(({ named }) => named.name)).toEqual(names);
    expect(more).toEqual({ title: 'Call crm.deal.add on 1 portal', total: 1, items: 1, leftOut: 1 });
  });

  it('are all of a read', () => {
    expect(selectTargets(fanOut(read), codes, 'failed')).toMatchObject({ items: 2, leftOut: 0 });
    expect(() => selectTargets(fanOut(read), codes, 'unknown')).toThrow('No write of it has an unknown outcome.');
  });

  it('are none when none failed, or none may be repeated', () => {
    expect(() => selectTargets(fanOut(read), codesOf(), 'failed')).toThrow('Nothing of it failed.');
    expect(() => selectTargets(fanOut(write), codesOf([0, 'outcome_unknown']), 'failed')).toThrow(
      'may have been executed',
    );
  });
});

describe('the commands of a batch that are retried', () => {
  it('keep their order, and those that may have run are left out', () => {
    const codes = codesOf([0, 'outcome_unknown'], [1, 'command_not_run'], [2, 'none']);
    const { payload, ...more } = selectCommands(batch([write, 'crm.deal.update', read]), codes, 'failed');
    expect(payload.commands.map(({ method }) => method)).toEqual(['crm.deal.update', read]);
    expect(more).toEqual({ title: 'Batch of 2 commands on acme', total: 1, items: 2, leftOut: 1 });
  });

  it('are all or none when they refer to each other', () => {
    const all = batch([read, write], true);
    expect(() => selectCommands(all, codesOf([1, 'rejected_by_portal']), 'failed')).toThrow('refer to each other');
    const both = codesOf([0, 'portal_unreachable'], [1, 'portal_unreachable']);
    expect(selectCommands(all, both, 'failed')).toMatchObject({ items: 2, leftOut: 0, total: 1 });
  });
});
