import { Fault, type FaultOptions, type VendorResponse } from '@b24/portal';
import {
  advice,
  type Course,
  ended,
  lost,
  type Reply,
  type RuleName,
  rules,
  settled,
  value,
} from '../../../test/support/settled-write';

const upstream: VendorResponse = { method: 'write', status: 500, error: 'X', description: '' };

type SettlementRow = [what: string, rule: RuleName, course: Course, sent: string, result: string | undefined];

describe('a write whose answer came', () => {
  it.each<SettlementRow>([
    ['is not looked up', 'unique', { replies: [value('new')] }, 'write@0', 'new'],
    ['is not repeated', 'repeatable', { replies: [value('new')] }, 'write@0', 'new'],
    ['is done', 'unsettled', { replies: [value('new')] }, 'write@0', 'new'],
    ['is gone', 'removal', { replies: [value('gone')] }, 'write@0', 'gone'],
    ['is refused', 'unique', { replies: ['access_denied'] }, 'write@0', 'access_denied'],
    ['is refused, and not repeated', 'repeatable', { replies: ['queue_full'] }, 'write@0', 'queue_full'],
    ['is refused, and not settled', 'unsettled', { replies: ['access_denied'] }, 'write@0', 'access_denied'],
    ['is a deletion that was refused', 'removal', { replies: ['access_denied'] }, 'write@0', 'access_denied'],
    ['is a deletion of nothing', 'removal', { replies: ['stage_not_found'] }, 'write@0', 'stage_not_found'],
  ])('%s (%s)', async (_what, rule, course, sent, result) => {
    expect(await settled(rules[rule], course)).toMatchObject({ sent, result });
  });
});

describe('a lost write', () => {
  const absent: Reply = 'backlog_not_found';

  it.each<SettlementRow>([
    ['is found at once', 'unique', { replies: [lost, value('mine')] }, 'write@0 read@0', 'mine'],
    [
      'is looked up once more when nothing can run any more, then sent',
      'unique',
      { replies: [lost, absent, absent, value('new')] },
      'write@0 read@0 read@30000 write@30000',
      'new',
    ],
    [
      'is found after the earlier request has ended',
      'unique',
      { replies: [lost, absent, value('mine')] },
      'write@0 read@0 read@30000',
      'mine',
    ],
    [
      'is looked up once if nothing can run any more',
      'unique',
      { replies: [ended, absent, value('new')] },
      'write@0 read@0 write@0',
      'new',
    ],
    [
      'was done when the second attempt conflicts, and is found',
      'unique',
      { replies: [ended, absent, 'backlog_already_exists', value('mine')] },
      'write@0 read@0 write@0 read@0',
      'mine',
    ],
    [
      'is found when the second attempt is lost too',
      'unique',
      { replies: [ended, absent, lost, value('mine')] },
      'write@0 read@0 write@0 read@0',
      'mine',
    ],
    [
      'stays unknown when the second attempt is lost, and nothing is found',
      'unique',
      { replies: [ended, absent, lost, absent] },
      'write@0 read@0 write@0 read@0',
      'outcome_unknown',
    ],
    [
      'fails as the second attempt does when that is refused',
      'unique',
      { replies: [ended, absent, 'access_denied'] },
      'write@0 read@0 write@0',
      'access_denied',
    ],
    ['is of a stranger', 'unique', { replies: [lost, value('other')] }, 'write@0 read@0', 'outcome_unknown'],
    ['can’t be looked up', 'unique', { replies: [lost, 'portal_unreachable'] }, 'write@0 read@0', 'outcome_unknown'],
    ['is in its new state', 'state', { replies: [lost, value('mine')] }, 'write@0 read@0', 'mine'],
    [
      'is sent again from the state before, once nothing can run',
      'state',
      { replies: [lost, value('before'), value('before'), value('new')] },
      'write@0 read@0 read@30000 write@30000',
      'new',
    ],
    ['is in a third state', 'state', { replies: [lost, value('other')] }, 'write@0 read@0', 'outcome_unknown'],
    [
      'has a state that can’t be read',
      'state',
      { replies: [lost, 'backlog_not_found'] },
      'write@0 read@0',
      'outcome_unknown',
    ],
    [
      'has moved when the second attempt conflicts',
      'state',
      { replies: [ended, value('before'), 'sprint_already_active', value('mine')] },
      'write@0 read@0 write@0 read@0',
      'mine',
    ],
    [
      'is repeated once nothing can run any more',
      'repeatable',
      { replies: [lost, value('new')] },
      'write@0 write@30000',
      'new',
    ],
    [
      'is repeated at once if the call has ended',
      'repeatable',
      { replies: [ended, value('new')] },
      'write@0 write@0',
      'new',
    ],
    [
      'stays unknown when the repetition fails',
      'repeatable',
      { replies: [ended, 'access_denied'] },
      'write@0 write@0',
      'outcome_unknown',
    ],
    ['is never repeated if nothing shows it', 'unsettled', { replies: [lost] }, 'write@0', 'outcome_unknown'],
  ])('%s (%s)', async (_what, rule, course, sent, result) => {
    expect(await settled(rules[rule], course)).toMatchObject({ sent, result });
  });
});

describe('an earlier request of the write whose outcome is unknown', () => {
  it.each<SettlementRow>([
    ['is looked up first', 'unique', { earlierMs: 5000, replies: [value('mine')] }, 'read@0', 'mine'],
    [
      'is waited for before anything is sent',
      'unique',
      { earlierMs: 5000, replies: ['backlog_not_found', 'backlog_not_found', value('new')] },
      'read@0 read@5000 write@5000',
      'new',
    ],
    [
      'is over, so one look is enough',
      'unique',
      { earlierMs: 0, replies: ['backlog_not_found', value('new')] },
      'read@0 write@0',
      'new',
    ],
    ['is waited for, then repeated', 'repeatable', { earlierMs: 5000, replies: [value('new')] }, 'write@5000', 'new'],
    ['is never repeated', 'unsettled', { earlierMs: 5000, replies: [] }, '', 'outcome_unknown'],
    ['is deleted at once', 'removal', { earlierMs: 5000, replies: [value('gone')] }, 'write@0', 'gone'],
    [
      'was the deletion, if nothing is left',
      'removal',
      { earlierMs: 5000, replies: ['stage_not_found'] },
      'write@0',
      undefined,
    ],
    [
      'was not the deletion, if the stage is still blocked',
      'removal',
      { earlierMs: 5000, replies: ['stage_not_empty'] },
      'write@0',
      'stage_not_empty',
    ],
    [
      'stays unknown if the deletion is denied',
      'removal',
      { earlierMs: 5000, replies: ['access_denied'] },
      'write@0',
      'outcome_unknown',
    ],
  ])('%s (%s)', async (_what, rule, course, sent, result) => {
    expect(await settled(rules[rule], course)).toMatchObject({ sent, result });
  });
});

describe('a deletion', () => {
  it.each<SettlementRow>([
    ['that was lost is sent again at once', 'removal', { replies: [lost, value('gone')] }, 'write@0 write@0', 'gone'],
    [
      'that was lost and finds nothing was done',
      'removal',
      { replies: [lost, 'stage_not_found'] },
      'write@0 write@0',
      undefined,
    ],
    [
      'is sent four times at most',
      'removal',
      { replies: [lost, lost, lost, lost] },
      'write@0 write@0 write@0 write@0',
      'outcome_unknown',
    ],
    [
      'whose success may hide a failure is confirmed by nothing left',
      'hidingRemoval',
      { replies: [value('ok'), 'stage_not_found'] },
      'write@0 write@0',
      undefined,
    ],
    [
      'accepted twice and confirmed never has failed',
      'hidingRemoval',
      { replies: [value('ok'), value('ok')] },
      'write@0 write@0',
      'portal_error',
    ],
    [
      'may be lost between two successes',
      'hidingRemoval',
      { replies: [lost, value('ok'), lost, value('ok')] },
      'write@0 write@0 write@0 write@0',
      'portal_error',
    ],
    [
      'that is blocked after a success was not done',
      'hidingRemoval',
      { replies: [value('ok'), 'stage_not_empty'] },
      'write@0 write@0',
      'stage_not_empty',
    ],
    [
      'that is denied after a success stays unknown',
      'hidingRemoval',
      { replies: [value('ok'), 'access_denied'] },
      'write@0 write@0',
      'outcome_unknown',
    ],
  ])('%s (%s)', async (_what, rule, course, sent, result) => {
    expect(await settled(rules[rule], course)).toMatchObject({ sent, result });
  });
});

describe('waiting for an earlier request to end', () => {
  const stillRuns = (seconds: number) =>
    `The portal may still carry it out for ${seconds} s, longer than this call waits. ${advice}`;

  it.each<[what: string, course: Course, sent: string, result: string]>([
    [
      'is refused at once if the caller’s deadline comes first',
      { earlierMs: 5000, deadlineMs: 4000, replies: [] },
      '',
      'outcome_unknown',
    ],
    [
      'is refused at once if the deadline is the same moment',
      { earlierMs: 5000, deadlineMs: 5000, replies: [] },
      '',
      'outcome_unknown',
    ],
    [
      'is done if the deadline is later',
      { earlierMs: 5000, deadlineMs: 5001, replies: [value('new')] },
      'write@5000',
      'new',
    ],
    [
      'is not needed if it has ended, even at the deadline',
      { earlierMs: 0, deadlineMs: 0, replies: [value('new')] },
      'write@0',
      'new',
    ],
    [
      'is not needed if it has ended, even without a caller',
      { isAbandoned: true, earlierMs: 0, replies: [value('new')] },
      'write@0',
      'new',
    ],
    ['ends when the caller stops waiting', { earlierMs: 5000, abortAfterMs: 3000, replies: [] }, '', 'outcome_unknown'],
  ])('%s', async (_what, course, sent, result) => {
    expect(await settled(rules.repeatable, course)).toMatchObject({ sent, result });
  });

  it('tells the caller how long it may still run', async () => {
    const { fault } = await settled(rules.repeatable, { earlierMs: 4001, deadlineMs: 1000, replies: [] });
    expect(fault?.message).toContain(stillRuns(5));
    expect(fault?.mayRunForMs).toBe(4001);
  });

  it('is as long as the longest of all lost requests', async () => {
    const short = new Fault('outcome_unknown', { mayRunForMs: 1000 });
    const course = {
      earlierMs: 60_000,
      replies: ['backlog_not_found', 'backlog_not_found', short, 'backlog_not_found'] as const,
    };
    const { fault } = await settled(rules.unique, course);
    expect(fault?.mayRunForMs).toBe(1000);
    const longer = await settled(rules.removal, { earlierMs: 60_000, replies: [short, 'access_denied'] });
    expect(longer.fault?.mayRunForMs).toBe(60_000);
  });
});

describe('the fault of an unknown outcome', () => {
  it.each<[rule: RuleName, replies: readonly Reply[], why: string]>([
    ['unsettled', [lost], 'Nothing that Bitrix24 shows tells whether it was.'],
    ['unique', [ended, 'backlog_not_found', lost, 'backlog_not_found'], 'It was sent again, and is still not done.'],
    ['state', [lost, value('other')], 'It is neither as it was before nor as it would be now.'],
    [
      'unique',
      [lost, value('other')],
      'One is there, but not as it was sent: either another was there before, or yours was changed since.',
    ],
    ['unique', [lost, 'access_denied'], 'Whether it is there could not be read (access_denied).'],
    ['repeatable', [ended, 'queue_full'], 'It was sent again, without success (queue_full).'],
    ['removal', [lost, 'access_denied'], 'That it is gone could not be confirmed (access_denied).'],
    ['removal', [lost, lost, lost, lost], 'That it is gone could not be confirmed.'],
  ])('of a write that is %s says why, and what to do (%j)', async (rule, replies, why) => {
    const { fault } = await settled(rules[rule], { replies });
    const message = `The write was sent, its answer was lost, and it may have been carried out. ${why} ${advice}`;
    expect(fault?.message).toBe(message);
  });

  it.each<[what: string, options: FaultOptions, expected: VendorResponse | undefined]>([
    ['has the error of the portal that lost it', { upstream }, upstream],
    ['has no error of the portal if there was none', {}, undefined],
  ])('%s', async (_what, options, expected) => {
    const { fault } = await settled(rules.unsettled, { replies: [new Fault('portal_error', options)] });
    expect(fault?.upstream).toEqual(expected);
  });

  it('has no error of the portal that concerns the look-up', async () => {
    const { fault } = await settled(rules.unique, { replies: [lost, new Fault('portal_error', { upstream })] });
    expect(fault?.upstream).toBeUndefined();
  });

  it('has no error of the portal that concerns a refused repetition', async () => {
    const { fault } = await settled(rules.repeatable, { replies: [ended, new Fault('access_denied', { upstream })] });
    expect(fault).toMatchObject({ code: 'outcome_unknown', upstream: undefined, mayRunForMs: 0 });
  });

  it('of a deletion that was accepted twice says what to do', async () => {
    const { fault } = await settled(rules.hidingRemoval, { replies: [value('ok'), value('ok')] });
    expect(fault?.message).toMatch(/accepted the deletion twice .* delete it again/);
  });
});
