import { type Again, Fault, portalId, type Send } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { goAgain, pauseBeforeGoingAgain } from './go-again';

const portal = portalId('a'.repeat(32));
const fault = (again?: Again) => new Fault('portal_overloaded', again ? { again } : {});

/** A line that fails so often and then answers; it counts how often it was asked. */
function failing(times: number, with_: Fault) {
  const asked = { times: 0 };
  const next: Send = () => (asked.times++ < times ? Promise.reject(with_) : Promise.resolve([]));
  return { next, asked };
}

describe('going again', () => {
  it('never sends again what may have been carried out', () => {
    expect(pauseBeforeGoingAgain(new Fault('outcome_unknown'), 0)).toBeUndefined();
    expect(pauseBeforeGoingAgain(new Fault('portal_error'), 0)).toBeUndefined();
  });

  it('sends once more with a fresh token, and not a third time', async () => {
    const { next, asked } = failing(9, fault('token_refused'));
    await expect(goAgain(new HandClock(), next)(portal, [], new AbortController().signal)).rejects.toThrow(Fault);
    expect(asked.times).toBe(2);
  });

  it('waits in the lane as long as its deadline allows when the bucket is full', async () => {
    const { next, asked } = failing(5, fault('bucket_full'));
    await goAgain(new HandClock(), next)(portal, [], new AbortController().signal);
    expect(asked.times).toBe(6);
  });

  it('rides out passing trouble with growing pauses', async () => {
    const clock = new HandClock();
    const { next, asked } = failing(3, fault('passing_trouble'));
    const done = goAgain(clock, next)(portal, [], new AbortController().signal);
    await clock.advance(499);
    expect(asked.times).toBe(1);
    await clock.advance(1);
    expect(asked.times).toBe(2);
    await clock.advance(3000);
    await done;
    expect(asked.times).toBe(4);
  });

  it('stops when the deadline passes during a pause, and says that the call was never carried out', async () => {
    const clock = new HandClock();
    const caller = new AbortController();
    const { next } = failing(9, fault('passing_trouble'));
    const done = goAgain(clock, next)(portal, [], caller.signal);
    await clock.advance(100);
    caller.abort(new Fault('deadline_exceeded'));
    await expect(done).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });
});
