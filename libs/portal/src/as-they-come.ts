/**
 * Works on so many items at once and gives each outcome as it comes, whatever the order. Nothing more is begun while
 * nobody takes what is there, nor after the last taker has gone. The work must not reject.
 */
export async function* asTheyCome<T, R extends NonNullable<unknown>>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const finished: R[] = [];
  let [begun, underWay] = [0, 0];
  let wake: () => void = () => undefined;
  const begin = async (item: T, index: number) => {
    underWay++;
    finished.push(await work(item, index));
    underWay--;
    wake();
  };
  while (begun < items.length || underWay > 0 || finished.length > 0) {
    for (; begun < items.length && underWay + finished.length < atOnce; begun++) void begin(items[begun] as T, begun);
    const [next] = finished.splice(0, 1);
    if (next !== undefined) yield next;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
