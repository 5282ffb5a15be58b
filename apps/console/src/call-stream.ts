import { useEffect, useState } from 'preact/hooks';
import { ask } from './api';
import type { LoggedCall } from './api-types';

/** Calls that the page holds at most. */
const maxShownCalls = 200;
const retryDelayMs = 2000;

/** The calls that end while the page follows, newest first. Empty while it does not. */
export function useCallStream(query: string, isFollowing: boolean): readonly LoggedCall[] {
  const [calls, setCalls] = useState<readonly LoggedCall[]>([]);
  useEffect(() => {
    setCalls([]);
    if (!isFollowing) return undefined;
    const controller = new AbortController();
    void follow(query, controller.signal, (ended) => {
      setCalls((before) => [...ended.toReversed(), ...before].slice(0, maxShownCalls));
    });
    return () => {
      controller.abort();
    };
  }, [query, isFollowing]);
  return calls;
}

/** Reads one stream after the other until the signal aborts. */
async function follow(query: string, signal: AbortSignal, show: (calls: LoggedCall[]) => void): Promise<void> {
  while (!signal.aborted) {
    await readStream(query, signal, show).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
  }
}

async function readStream(query: string, signal: AbortSignal, show: (calls: LoggedCall[]) => void): Promise<void> {
  const response = await ask('GET', `/v1/calls/tail?${query}`, { signal });
  const reader = response.ok ? response.body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
  let text = '';
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return;
    const lines = (text + value).split('\n');
    text = lines.pop() ?? '';
    const calls = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LoggedCall);
    if (calls.length > 0) show(calls);
  }
}
