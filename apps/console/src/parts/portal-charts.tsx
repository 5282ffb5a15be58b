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
  const level = snapshot?.close?.level;
  return (
    <section class="charts" aria-label="Live figures">
      <Chart
        title="Calls a second"
        now={callsOf(now)}
        lines={[
          { label: 'answered', color: '--green', fill: true },
          { label: 'failed', color: '--red' },
        ]}
        data={[rows.at, rows.of((it) => it.calls?.ok), rows.of((it) => it.calls?.failed)]}
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
        title="Time of a call, in ms"
        now={timesOf(now)}
        lines={[
          { label: 'half of them', color: '--blue', fill: true },
          { label: 'slowest 5 %', color: '--amber' },
        ]}
        data={[rows.at, rows.of((it) => it.calls?.medianMs), rows.of((it) => it.calls?.slowMs)]}
        atLeast={20}
      />
      <Chart
        title="Room for requests"
        now={roomOf(level)}
        lines={[{ label: 'may leave at once', color: '--blue', fill: true }]}
        data={[rows.at, history.map((it) => (it.close ? Math.max(0, it.close.level.left) : null))]}
        atLeast={level?.capacity ?? 10}
      />
      <Chart
        title="Calls that share a request"
        now={now?.commandsPerRequest === undefined ? '–' : `${now.commandsPerRequest} on average`}
        lines={[{ label: 'calls', color: '--green', fill: true }]}
        data={[rows.at, rows.of((it) => it.commandsPerRequest)]}
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

function callsOf(now: PortalNow | undefined): string {
  if (!now?.calls) return '–';
  const { ok, failed } = now.calls;
  return `${ok + failed}${failed > 0 ? `, ${failed} failed` : ''}`;
}

function timesOf(now: PortalNow | undefined): string {
  if (!now?.calls) return '–';
  const { medianMs, slowMs } = now.calls;
  if (medianMs === undefined) return 'no answers';
  return `${milliseconds(medianMs)}, slowest ${milliseconds(slowMs)}`;
}

function roomOf(level: NonNullable<Snapshot['close']>['level'] | undefined): string {
  if (!level) return '–';
  return `${Math.max(0, level.left)} of ${level.capacity}, +${level.drainPerSecond} a second`;
}

function rowsOf(history: readonly Snapshot[], portal: string) {
  const at = history.map(({ atMs }) => atMs / 1000);
  const of = (figure: (now: PortalNow) => number | undefined) =>
    history.map(({ portals }) => {
      const now = portals[portal];
      return (now && figure(now)) ?? null;
    });
  return { at, of };
}
