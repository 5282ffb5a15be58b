import { Fault, portalId, systemClock } from '@b24/portal';
import type { QueueReadings } from '@b24/queue';
import fc from 'fast-check';
import { LiveFigures } from './live-figures';
import { snapshotOf } from './live-snapshot';
import { parseLiveMessage } from './live-message';

const portal = portalId('a'.repeat(32));
const own = () => {
  const figures = new LiveFigures(systemClock);
  figures.failed(portal, 'user.get', new Fault('portal_error'), { caller: 'c_1', requestId: 'r' });
  const counts = { waiting: 1, inFlight: 2, commandsPerRequest: 3, left: 4, circuit: 'open' };
  const ledger = { viewOf: () => [{ method: 'user.get', operating: { usedSeconds: 1, resetAtMs: 2 } }] };
  const queues = { countsOf: () => counts, counts: () => [[portal, counts]], ledger } as unknown as QueueReadings;
  figures.begin([portal]);
  return figures.take(queues, new Set([portal]), new Set([portal]));
};
const published = (value: object) => JSON.parse(JSON.stringify(value)) as unknown;

describe('a message between replicas about open consoles', () => {
  it('is parsed as it was sent', () => {
    const report = { kind: 'tell', replica: 'one', figures: own() };
    const watch = { kind: 'watch', portals: [portal], closely: [] };
    expect(parseLiveMessage(published({ by: 'one', ...report }))).toEqual({ by: 'one', word: report });
    expect(parseLiveMessage(published({ by: 'two', ...watch }))).toEqual({ by: 'two', word: watch });
  });

  it('is undefined if it has any other form, and a parsed one can be displayed', () => {
    const said = { by: 'x', kind: 'tell', replica: 'x', figures: published(own()) };
    const bad = fc.oneof(fc.jsonValue(), fc.constantFrom(null, [], {}, '', -1, 'x'));
    const places = [
      'by',
      'kind',
      'replica',
      'figures',
      'figures.calls',
      'figures.countedMs',
      'figures.process',
      'figures.portals',
      'figures.closely',
    ];
    const deeper = [`figures.portals.${portal}`, `figures.portals.${portal}.calls`, `figures.closely.${portal}`];
    fc.assert(
      fc.property(fc.constantFrom(...places, ...deeper), bad, (place, value) => {
        const changed = structuredClone(said) as Record<string, unknown>;
        const path = place.split('.');
        let at = changed;
        for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
        at[path.at(-1) ?? ''] = value;
        const read = parseLiveMessage(changed);
        if (read?.word.kind !== 'tell') return;
        const message = [{ replica: read.word.replica, figures: read.word.figures, atMs: 1 }];
        snapshotOf(message, { atMs: 1, sinceMs: 0, seesAll: true, portals: [portal], closely: portal });
      }),
    );
    fc.assert(fc.property(fc.jsonValue(), (value) => parseLiveMessage(value) === undefined));
    const many = Array.from({ length: 20_000 }, () => portal);
    expect(parseLiveMessage({ by: 'x', kind: 'watch', portals: many, closely: [] })).toBeUndefined();
  });
});
