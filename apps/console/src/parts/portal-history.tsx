import { useMemo, useState } from 'preact/hooks';
import { call } from '../api';
import type { History, Usage } from '../api-types';
import { failuresOf, historyRanges, type HistoryRange, seriesOf } from '../history-series';
import { useReloading, useRequest } from '../use-request';
import { count, milliseconds } from '../words';
import { HistoryChart } from './history-chart';
import { Field, ProblemBox } from './pieces';

const reloadMs = 60_000;

/** What a portal did in the range that is chosen, and who used it. */
export function PortalHistory({ portal, drainPerSecond }: { portal: string; drainPerSecond: number }) {
  const [range, setRange] = useState<HistoryRange>(historyRanges[0]!);
  const { data, problem, reload } = useRequest((signal) => loadHistory(portal, range, signal), [portal, range]);
  useReloading(reload, reloadMs);
  return (
    <section class="history" aria-label="History">
      <div class="title">
        <h2>History</h2>
        <Field label="Range">
          {(ids) => (
            <select
              {...ids}
              value={range.label}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setRange(historyRanges.find(({ label }) => label === value) ?? range);
              }}
            >
              {historyRanges.map(({ label }) => (
                <option key={label}>{label}</option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {data && <HistoryCharts history={data.history} drainPerSecond={drainPerSecond} />}
      {data && <WhoUses usage={data.usage} step={range.step} />}
    </section>
  );
}

async function loadHistory(portal: string, { step, spanMs }: HistoryRange, signal: AbortSignal) {
  const query = `step=${step}&since=${encodeURIComponent(new Date(Date.now() - spanMs).toISOString())}`;
  const of = `/v1/portals/${encodeURIComponent(portal)}`;
  const [history, usage] = await Promise.all([
    call<History>('GET', `${of}/history?${query}`, undefined, signal),
    call<Usage>('GET', `${of}/usage?${query}`, undefined, signal),
  ]);
  return { history, usage };
}

function HistoryCharts({ history, drainPerSecond }: { history: History; drainPerSecond: number }) {
  const rows = useMemo(() => seriesOf(history), [history]);
  const data = useMemo(
    () => ({
      calls: [rows.at, rows.ok, rows.failed],
      times: [rows.at, rows.medianMs, rows.slowMs],
      requests: [rows.at, rows.requests, rows.at.map(() => drainPerSecond * 60)],
      queue: [rows.at, rows.queueLength],
    }),
    [rows, drainPerSecond],
  );
  const period = history.step === 'minute' ? 'a minute' : 'an hour';
  const failures = failuresOf(history);
  return (
    <>
      <div class="charts pairs">
        <HistoryChart
          title={`Calls ${period}`}
          summary={callsSummary(rows.ok, rows.failed)}
          lines={[
            { label: 'answered', color: '--green', fill: true },
            { label: 'failed', color: '--red', fill: true },
          ]}
          data={data.calls}
          atLeast={5}
        />
        <HistoryChart
          title="Time of a call"
          summary={slowestSummary(rows.slowMs)}
          lines={[
            { label: 'half of them', color: '--blue' },
            { label: '95 of 100', color: '--amber' },
          ]}
          data={data.times}
          atLeast={20}
          unit=" ms"
        />
        <HistoryChart
          title="Requests a minute"
          summary={`the portal takes ${drainPerSecond * 60} a minute`}
          lines={[
            { label: 'used', color: '--blue', fill: true },
            { label: 'limit', color: '--red' },
          ]}
          data={data.requests}
          atLeast={10}
        />
        <HistoryChart
          title="Calls waiting, on average"
          summary={`at most ${Math.max(0, ...rows.queueLength)}`}
          lines={[{ label: 'waiting', color: '--amber', fill: true }]}
          data={data.queue}
          atLeast={1}
        />
      </div>
      {failures.length > 0 && (
        <p class="soft small">Failures: {failures.map(([code, number]) => `${code} ${number}`).join(', ')}.</p>
      )}
    </>
  );
}

function callsSummary(ok: readonly number[], failed: readonly number[]): string {
  const sum = (values: readonly number[]) => values.reduce((total, it) => total + it, 0);
  const failures = sum(failed);
  return `${count(sum(ok) + failures, 'call')}${failures > 0 ? `, ${failures} failed` : ''}`;
}

function slowestSummary(slowMs: readonly (number | null)[]): string {
  const known = slowMs.filter((it) => it !== null);
  return known.length === 0 ? 'no calls' : `up to ${milliseconds(Math.max(...known))}`;
}

/** Which clients and methods the requests of a portal went to. */
function WhoUses({ usage: { items, requests }, step }: { usage: Usage; step: History['step'] }) {
  return (
    <section class="card" aria-label="Who uses this portal">
      <h2>Who uses this portal</h2>
      <p class="soft small">
        In whole {step === 'minute' ? 'hours' : 'days'} of the range. A call that shared a request with three others
        used a quarter of it.
      </p>
      {items.length === 0 ? (
        <p class="soft">No calls in this range.</p>
      ) : (
        <div class="table" tabIndex={0} role="region" aria-label="Use by client and method">
          <table>
            <thead>
              <tr>
                <th>Client</th>
                <th>Method</th>
                <th class="number">Calls</th>
                <th class="number">Failed</th>
                <th class="number">Requests</th>
                <th class="number">Share</th>
              </tr>
            </thead>
            <tbody>
              {items.slice(0, 20).map((it) => (
                <tr key={`${it.client} ${it.method}`}>
                  <td>{it.clientName}</td>
                  <td>
                    <code>{it.method}</code>
                  </td>
                  <td class="number">{it.calls}</td>
                  <td class="number">{it.failed}</td>
                  <td class="number">{Math.round(it.requests * 10) / 10}</td>
                  <td class="number">{requests > 0 ? `${Math.round((it.requests / requests) * 100)} %` : '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
