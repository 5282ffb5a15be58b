import { type Answer, Fault, portalId } from '@b24/portal';
import { CallProgress } from '@b24/queue';
import { callRecordOf, type EndedCall } from './call-record';

const began = 1_700_000_000_000;

describe('the record of a call', () => {
  const progressOf = (more: Partial<CallProgress>) => Object.assign(new CallProgress(), more);
  const ended = (more: Partial<EndedCall> = {}): EndedCall => ({
    client: { id: 'c_1', name: 'planning' },
    portal: portalId('a'.repeat(32)),
    method: 'user.get',
    startedAtMs: began,
    endedAtMs: began + 1000,
    progress: progressOf({ queuedAtMs: began + 100, sentAtMs: began + 700, commands: 3, retries: 1 }),
    ...more,
  });

  it('has the times of an answered call, and the request that carried it, also if a peer sent it', () => {
    const request = { commands: 7, left: 1, capacity: 46, drainPerSecond: 2 };
    const answer: Answer = { ok: true, value: 'a result', timing: { queueMs: 600, upstreamMs: 280 }, request };
    expect(callRecordOf(ended({ answer, requestId: 'r1', operation: 'callMethod' }))).toEqual({
      ...{ atMs: began + 1000, client: 'c_1', clientName: 'planning', portal: 'a'.repeat(32), method: 'user.get' },
      ...{ operation: 'callMethod', requestId: 'r1', outcome: 'ok', tookMs: 1000, queueMs: 600, upstreamMs: 280 },
      ...{ commands: 7, retries: 1 },
    });
  });

  it.each<[what: string, progress: Partial<CallProgress>, times: readonly number[]]>([
    ['was sent', { queuedAtMs: began + 100, sentAtMs: began + 700 }, [600, 300]],
    ['waited to the end', { queuedAtMs: began + 100 }, [900, 0]],
    ['was refused before the queue', {}, [0, 0]],
    ['was claimed by a peer whose clock is behind', { queuedAtMs: began + 100, sentAtMs: began + 50 }, [0, 950]],
  ])('splits the time of a failed call that %s', (_what, progress, times) => {
    const record = callRecordOf(ended({ progress: progressOf(progress), fault: new Fault('portal_error') }));
    expect([record.outcome, record.queueMs, record.upstreamMs]).toEqual(['portal_error', ...times]);
  });

  it('has the code and the words of the portal, cut to a bound', () => {
    const upstream = { method: 'user.get', status: 400, error: 'E'.repeat(500), description: 'd'.repeat(5000) };
    const record = callRecordOf(ended({ fault: new Fault('rejected_by_portal', { upstream }) }));
    expect([record.error, record.description]).toEqual(['E'.repeat(100), 'd'.repeat(200)]);
  });
});
