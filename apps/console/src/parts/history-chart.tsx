import type uPlot from 'uplot';
import { faint, type Line, resolved } from './chart';
import { type PlotRows, usePlot } from './use-plot';

interface HistoryChartProps {
  readonly title: string;
  /** What the picture shows, in words: for those who do not see it. */
  readonly summary: string;
  readonly lines: readonly Line[];
  /** Unix seconds, then a row for each line. */
  readonly data: PlotRows;
  /** The scale goes at least so far. */
  readonly atLeast: number;
  readonly unit?: string;
}

const height = 150;

function optionsOf({ lines, atLeast, unit = '' }: HistoryChartProps, width: number): uPlot.Options {
  const axis = { stroke: resolved('--soft'), grid: { stroke: resolved('--line'), width: 1 }, ticks: { show: false } };
  const shown = (_plot: uPlot, value: number | null) =>
    value === null ? '–' : `${Math.round(value * 100) / 100}${unit}`;
  return {
    width,
    height,
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(atLeast, max * 1.1)] } },
    axes: [
      { ...axis, size: 38, font: '11px system-ui' },
      { ...axis, size: 46, space: 34, font: '11px system-ui' },
    ],
    series: [
      { label: 'at', value: (_plot, at: number | null) => (at === null ? '–' : new Date(at * 1000).toLocaleString()) },
      ...lines.map(({ label, color, fill }) => ({
        label,
        stroke: resolved(color),
        width: 1.5,
        points: { size: 3 },
        value: shown,
        ...(fill && { fill: faint(resolved(color)) }),
      })),
    ],
  };
}

/** A line over the range that is chosen; the values under the pointer are in its legend. */
export function HistoryChart(props: HistoryChartProps) {
  const place = usePlot(props.data, height, (width) => optionsOf(props, width));
  return (
    <figure class="card chart history">
      <figcaption>
        <span class="label">{props.title}</span>
        <span class="now">{props.summary}</span>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
    </figure>
  );
}
