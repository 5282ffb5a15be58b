import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { onTheme } from '../theme';

/** Seconds, then a row for each line. */
export type PlotRows = readonly (readonly (number | null)[])[];

/** Draws rows in the element that the reference gets, in its width and in the colours of the theme. */
export function usePlot(
  data: PlotRows,
  height: number,
  optionsOf: (width: number) => uPlot.Options,
): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef({ data, optionsOf });
  latest.current = { data, optionsOf };
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const paint = () => {
      plot.current?.destroy();
      const it = latest.current;
      plot.current = new uPlot(it.optionsOf(element.clientWidth), it.data as uPlot.AlignedData, element);
    };
    paint();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const stop = onTheme(paint);
    return () => {
      stop();
      resized.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData);
  }, [data]);
  return place;
}
