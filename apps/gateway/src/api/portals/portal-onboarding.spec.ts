import type { PortalRecord } from '@b24/grants';
import { portalId } from '@b24/portal';
import { PortalOnboarding } from './portal-onboarding';

const record: PortalRecord = {
  ...{ portal: portalId('a'.repeat(32)), kind: 'app', domain: 'acme.bitrix24.de', oauthServer: '', scope: [] },
  ...{ endpoint: 'https://acme.bitrix24.de/rest/', installedAtMs: 0, suspended: false, version: 1 },
};
const waiting = { ...record, waitingSinceMs: 1 };

function reported() {
  const seen: string[] = [];
  const note = (word: string) => () => {
    seen.push(word);
    return Promise.resolve();
  };
  const arrivals = new PortalOnboarding({
    line: { installed: note('line') },
    bindings: { renewed: note('bindings') },
    metrics: { arrived: (outcome) => seen.push(outcome) },
    log: { info: () => undefined, warn: () => seen.push('warn') },
  });
  return { seen, arrivals };
}

describe('a newly installed portal', () => {
  it('gets its rate limiter and its event bindings at each install, and is counted once', async () => {
    const { seen, arrivals } = reported();
    await arrivals.installed(record, true);
    await arrivals.installed(record, false);
    expect(seen).toEqual(['admitted', 'line', 'bindings', 'line', 'bindings']);
  });

  it('is counted and logged while it waits, and gets nothing else until it is admitted', async () => {
    const { seen, arrivals } = reported();
    await arrivals.installed(waiting, true);
    await arrivals.installed(waiting, false);
    expect(seen).toEqual(['waiting', 'warn']);
    await arrivals.admitted(record);
    expect(seen.slice(2)).toEqual(['line', 'bindings']);
  });
});
