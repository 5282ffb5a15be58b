/**
 * Maps items with at most `concurrency` at once and yields each result as it completes, in any order. No work starts
 * while nobody consumes the results, nor after the consumer returned. `work` must not reject.
 */
export async function* mapUnordered<T, R extends NonNullable<unknown>>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const results: R[] = [];
  let [started, running] = [0, 0];
  let wake: () => void = () => undefined;
  const start = async (item: T, index: number) => {
    running++;
    results.push(await work(item, index));
    running--;
    wake();
  };
  while (started < items.length || running > 0 || results.length > 0) {
    for (; started < items.length && running + results.length < concurrency; started++) {
      void start(items[started] as T, started);
    }
    const [next] = results.splice(0, 1);
    if (next !== undefined) yield next;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
