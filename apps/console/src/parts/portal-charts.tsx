import { useMemo } from 'preact/hooks';
import type { PortalNow, Snapshot } from '../api-types';
import { milliseconds } from '../words';
import { Chart } from './chart';

interface ChartsProps {
  readonly history: readonly Snapshot[];
  readonly snapshot: Snapshot | undefined;
  readonly portal: string;
}

/** What the portal's lane does, second by second. */
export function PortalCharts({ history, snapshot, portal }: ChartsProps) {
  const rows = useMemo(() => rowsOf(history, portal), [history, portal]);
  const now = snapshot?.portals[portal];
  const { left, capacity, drainPerSecond } = snapshot?.close?.level ?? {};
  const calls = (now?.ok ?? 0) + (now?.failed ?? 0);
  return (
    <section class="charts" aria-label="Live figures">
      <Chart
        title="Calls a second"
        now={now ? `${calls}${now.failed > 0 ? `, ${now.failed} failed` : ''}` : '–'}
        lines={[
          { label: 'answered', color: '--green', fill: true },
          { label: 'failed', color: '--red' },
        ]}
        data={[rows.at, rows.of((it) => it.ok), rows.of((it) => it.failed)]}
        atLeast={5}
      />
      <Chart
        title="Calls waiting"
        now={now ? `${now.waiting}` : '–'}
        lines={[{ label: 'waiting', color: '--amber', fill: true }]}
        data={[rows.at, rows.of((it) => it.waiting)]}
        atLeast={5}
      />
      <Chart
        title="Time of a call"
        now={
          now?.medianMs === undefined
            ? 'no calls just now'
            : `${milliseconds(now.medianMs)}, slowest ${milliseconds(now.slowMs)}`
        }
        lines={[
          { label: 'half of them', color: '--blue', fill: true },
          { label: 'slowest 5 %', color: '--amber' },
        ]}
        data={[rows.at, rows.of((it) => it.medianMs ?? null), rows.of((it) => it.slowMs ?? null)]}
        atLeast={20}
      />
      <Chart
        title="Room for requests"
        now={left === undefined ? '–' : `${Math.max(0, left)} of ${capacity ?? 0}, +${drainPerSecond ?? 0} a second`}
        lines={[{ label: 'may leave at once', color: '--blue', fill: true }]}
        data={[rows.at, history.map((it) => (it.close ? Math.max(0, it.close.level.left) : null))]}
        atLeast={capacity ?? 10}
      />
      <Chart
        title="Calls that share a request"
        now={now ? `${now.seatsPerTrip} on average` : '–'}
        lines={[{ label: 'calls', color: '--green', fill: true }]}
        data={[rows.at, rows.of((it) => it.seatsPerTrip)]}
        atLeast={5}
      />
      <Chart
        title="Requests under way"
        now={now ? `${now.inFlight}` : '–'}
        lines={[{ label: 'under way', color: '--blue', fill: true }]}
        data={[rows.at, rows.of((it) => it.inFlight)]}
        atLeast={3}
      />
    </section>
  );
}

function rowsOf(history: readonly Snapshot[], portal: string) {
  const at = history.map(({ atMs }) => atMs / 1000);
  const of = (figure: (now: PortalNow) => number | null) =>
    history.map(({ portals }) => {
      const now = portals[portal];
      return now ? figure(now) : null;
    });
  return { at, of };
}
