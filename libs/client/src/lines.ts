import { NoAnswer } from './failures';

/** JSON lines as they come. Who stops reading hangs up. @throws NoAnswer when they are cut */
export async function* linesOf<T>(response: Response, signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const texts = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = texts.pop() ?? '';
      for (const text of texts) if (text !== '') yield JSON.parse(text) as T;
      if (done) break;
    }
    if (rest !== '') throw new SyntaxError('The last line has no end.');
  } catch (error) {
    signal?.throwIfAborted();
    throw new NoAnswer('The lines were cut off.', { cause: error });
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
