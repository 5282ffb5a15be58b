import { useEffect, useState } from 'preact/hooks';
import { ask } from './api';
import type { Snapshot } from './api-types';

export type Link = 'connecting' | 'live' | 'paused' | 'lost';

const againAfterMs = 2000;
/** A gateway that sends nothing for this long is silent; a second is usual. */
const silentAfterMs = 5000;
/** A stream that then stays silent for this long is asked for again. */
const givenUpAfterMs = 10_000;

/** Reads server-sent events until they end. By `fetch`, since EventSource can't send our header. */
async function read(response: Response, onSnapshot: (snapshot: Snapshot) => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return;
    const events = (text + value).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) if (event.startsWith('data: ')) onSnapshot(JSON.parse(event.slice(6)) as Snapshot);
  }
}

/**
 * The figures of each second while the page is looked at; a hidden tab costs the gateway nothing. There is no snapshot
 * while the gateway is silent: what it sent before says nothing of now.
 */
export function useLive(query: string): { snapshot: Snapshot | undefined; link: Link } {
  const [snapshot, setSnapshot] = useState<Snapshot>();
  const [link, setLink] = useState<Link>('connecting');
  useEffect(() => {
    let controller = new AbortController();
    let timer: number | undefined;
    const later = (ms: number, task: () => void) => {
      clearTimeout(timer);
      timer = window.setTimeout(task, ms);
    };
    const connect = () => {
      controller.abort();
      controller = new AbortController();
      const { signal } = controller;
      const listening = listen(query, signal, (received) => {
        if (signal.aborted) return;
        setLink('live');
        setSnapshot(received);
        later(silentAfterMs, silent);
      });
      void listening.then((isOver) => {
        if (signal.aborted) return;
        clearTimeout(timer);
        setLink('lost');
        setSnapshot(undefined);
        if (!isOver) later(againAfterMs, connect);
      });
      later(silentAfterMs, silent);
    };
    const silent = () => {
      setLink('lost');
      setSnapshot(undefined);
      later(givenUpAfterMs, connect);
    };
    const look = () => {
      if (!document.hidden) {
        connect();
        return;
      }
      clearTimeout(timer);
      controller.abort();
      setLink('paused');
      setSnapshot(undefined);
    };
    document.addEventListener('visibilitychange', look);
    look();
    return () => {
      clearTimeout(timer);
      controller.abort();
      document.removeEventListener('visibilitychange', look);
    };
  }, [query]);
  return { snapshot, link };
}

/** Listens until the stream ends; true when it is of no use to ask again. */
async function listen(query: string, signal: AbortSignal, received: (snapshot: Snapshot) => void): Promise<boolean> {
  try {
    const response = await ask('GET', `/console/live${query}`, { signal });
    if (response.ok) await read(response, received);
    return response.status === 401 || response.status === 404;
  } catch {
    // Said by the dot in the corner; what is tried again needs no more words.
    return false;
  }
}
