import type { HttpClient } from './gateway';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever came
export type JsonLine = any;

/** A stream of JSON lines, as it comes. */
export async function openLines(client: HttpClient, path: string, body: unknown, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await fetch(`${client.url}${path}`, {
    method: 'POST',
    signal: controller.signal,
    headers: { Authorization: `Bearer ${client.key}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const hangUp = () => {
    controller.abort();
  };
  return { status: response.status, headers: response.headers, lines: linesOf(response), hangUp };
}

async function* linesOf({ body }: Response): AsyncGenerator<JsonLine> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const texts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = texts.pop() ?? '';
    for (const text of texts) yield JSON.parse(text);
  }
  if (rest !== '') throw new Error('The last line was cut off.');
}

export async function allOf(lines: AsyncIterable<JsonLine>): Promise<JsonLine[]> {
  const all: JsonLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}
