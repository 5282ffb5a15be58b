import { Fault, portalId } from '@b24/portal';
import type { ConsoleWatcher } from '../console/live';
import type { LiveSnapshot } from '../console/live-snapshot';
import { recentProblems } from './recent-problems';

const portal = portalId('a'.repeat(32));
const snapshot = (problems?: readonly object[]): LiveSnapshot =>
  ({ atMs: 0, replicas: [], portals: {}, close: { ...(problems && { problems }) } }) as unknown as LiveSnapshot;

/** Starts to read the problems. `watching` is false once the watch was left. */
function start() {
  const end = new AbortController();
  const live = { watching: true, watcher: undefined as ConsoleWatcher | undefined };
  const watch = (watcher: ConsoleWatcher) => {
    live.watcher = watcher;
    return () => {
      live.watching = false;
    };
  };
  return { live, end, problems: recentProblems({ watch }, portal, end.signal) };
}

describe('the recent problems of a portal', () => {
  it('are those of the first figures that every replica has reported, then the watch ends', async () => {
    const { live, problems } = start();
    expect(live.watcher).toMatchObject({ closely: portal, seesAll: false, portals: [] });
    live.watcher?.show(snapshot());
    live.watcher?.show(snapshot([{ method: 'a.b' }]));
    expect(await problems).toEqual([{ method: 'a.b' }]);
    expect(live.watching).toBe(false);
  });

  it('are unknown after five figures without them', async () => {
    const { live, problems } = start();
    for (let i = 0; i < 5; i++) live.watcher?.show(snapshot());
    await expect(problems).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(live.watching).toBe(false);
  });

  it('are not waited for by a caller that left, or on a replica that stops', async () => {
    const gone = start();
    gone.end.abort(new Fault('deadline_exceeded'));
    await expect(gone.problems).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(gone.live.watching).toBe(false);
    const stopping = start();
    stopping.live.watcher?.end();
    await expect(stopping.problems).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
