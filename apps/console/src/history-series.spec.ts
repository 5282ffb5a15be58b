import { failuresOf, seriesOf } from './history-series';

const point = (at: string, more: object = {}) => ({
  ...{ at, calls: 10, failed: 2, codes: { queue_full: 2 }, requests: 3, queueLength: 0.5, queueMs: 5 },
  ...{ upstreamMs: 7, medianMs: 90, slowMs: 400 },
  ...more,
});

describe('the rows of a history', () => {
  it('have a value for each period of the span, with gaps where nothing is known', () => {
    const series = seriesOf({
      step: 'minute',
      since: '2026-11-01T03:00:20.000Z',
      until: '2026-11-01T03:03:00.001Z',
      points: [point('2026-11-01T03:01:00.000Z')],
    });
    expect(series.at.map((it) => new Date(it * 1000).toISOString().slice(14, 19))).toEqual([
      '00:00',
      '01:00',
      '02:00',
      '03:00',
    ]);
    expect(series.ok).toEqual([0, 8, 0, 0]);
    expect(series.failed).toEqual([0, 2, 0, 0]);
    expect(series.medianMs).toEqual([null, 90, null, null]);
    expect(series.requests).toEqual([0, 3, 0, 0]);
  });

  it('have requests per minute where a period is an hour', () => {
    const points = [point('2026-11-01T03:00:00.000Z', { requests: 120 })];
    const span = { since: '2026-11-01T03:00:00.000Z', until: '2026-11-01T03:30:00.000Z' };
    expect(seriesOf({ step: 'hour', ...span, points }).requests).toEqual([2]);
  });

  it('add up failures by code', () => {
    const points = [
      point('2026-11-01T03:00:00.000Z'),
      point('2026-11-01T03:01:00.000Z', { codes: { queue_full: 1, no_answer: 9 } }),
    ];
    const span = { since: '2026-11-01T03:00:00.000Z', until: '2026-11-01T03:02:00.000Z' };
    expect(failuresOf({ step: 'minute', ...span, points })).toEqual([
      ['no_answer', 9],
      ['queue_full', 3],
    ]);
  });
});
