import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type PlotRows, usePlot } from './use-plot';

export interface Line {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: '--blue' | '--green' | '--red' | '--amber';
  readonly fill?: true;
}

interface ChartProps {
  readonly title: string;
  /** What the picture shows now, in words: for those who do not see it. */
  readonly now: string;
  readonly lines: readonly Line[];
  /** Seconds, then a row for each line; the last is now. */
  readonly data: PlotRows;
  /** The scale goes at least so far. */
  readonly atLeast: number;
  readonly unit?: string;
}

const height = 120;
const shownSeconds = 120;

/** A colour that the style sheet names, as the canvas needs it. */
export function resolved(color: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${color})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

export function faint(color: string): string {
  return color.replace(/^rgb\((.+)\)$/, 'rgba($1, 0.14)');
}

function optionsOf({ lines, atLeast, unit }: ChartProps, width: number): uPlot.Options {
  const axis = { stroke: resolved('--soft'), grid: { stroke: resolved('--line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: true, range: (_plot, _min, max) => upTo(max) },
      y: { range: (_plot, _min, max) => [0, Math.max(atLeast, max * 1.15)] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        splits: (plot) => shownTicks(plot),
        font: '11px system-ui',
        values: (plot, ticks) => ticks.map((it) => secondsAgo(plot, it)),
      },
      {
        ...axis,
        size: 42,
        space: 34,
        incrs: wholeSteps,
        font: '11px system-ui',
        values: (_plot, ticks) => ticks.map((it) => `${it}${unit ?? ''}`),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color, fill }) => ({
        label,
        stroke: resolved(color),
        width: 1.75,
        points: { show: false },
        // A second without calls says nothing about how long they take.
        spanGaps: true,
        ...(fill && { fill: faint(resolved(color)) }),
      })),
    ],
  };
}

const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** Two minutes up to the last figure; up to now while there is none. */
function upTo(last: number | null): [number, number] {
  const end = last ?? Date.now() / 1000;
  return [end - shownSeconds, end];
}

function shownTicks(plot: uPlot): number[] {
  const max = plot.scales.x?.max ?? 0;
  return [max - 90, max - 60, max - 30, max];
}

function secondsAgo(plot: uPlot, at: number): string {
  const ago = Math.round((plot.scales.x?.max ?? at) - at);
  return ago <= 0 ? 'now' : `${ago} s ago`;
}

/** A line that moves with the seconds. */
export function Chart(props: ChartProps) {
  const place = usePlot(props.data, height, (width) => optionsOf(props, width));
  return (
    <figure class="card chart">
      <figcaption>
        <span class="label">{props.title}</span>
        <span class="now">{props.now}</span>
        {props.lines.length > 1 && (
          <span class="legend">
            {props.lines.map(({ label, color }) => (
              <span key={label} class={`key ${color.slice(2)}`}>
                {label}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
    </figure>
  );
}
