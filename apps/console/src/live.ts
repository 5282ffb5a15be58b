import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './api';
import type { Snapshot } from './api-types';

export type Link = 'connecting' | 'live' | 'paused' | 'lost';

const againAfterMs = 2000;

/** Reads server-sent events until they end. By `fetch`, since EventSource can't send our header. */
async function read(response: Response, told: (snapshot: Snapshot) => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return;
    const events = (text + value).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) if (event.startsWith('data: ')) told(JSON.parse(event.slice(6)) as Snapshot);
  }
}

/** The figures of each second while the page is looked at; a hidden tab costs the gateway nothing. */
export function useLive(query: string): { snapshot: Snapshot | undefined; link: Link } {
  const [snapshot, setSnapshot] = useState<Snapshot>();
  const [link, setLink] = useState<Link>('connecting');
  const hear = useRef(setSnapshot);
  useEffect(() => {
    let controller = new AbortController();
    let timer: number | undefined;
    let ended = false;
    const connect = async () => {
      if (ended) return;
      if (document.hidden) {
        setLink('paused');
        return;
      }
      controller = new AbortController();
      try {
        const response = await ask('GET', `/console/live${query}`, { signal: controller.signal });
        if (response.ok) {
          setLink('live');
          await read(response, (it) => {
            hear.current(it);
          });
        }
        if (response.status === 401 || response.status === 404) return;
      } catch {
        // Said by the dot in the corner; what is tried again needs no more words.
      }
      if (controller.signal.aborted) return;
      setLink('lost');
      timer = window.setTimeout(() => void connect(), againAfterMs);
    };
    const look = () => {
      clearTimeout(timer);
      controller.abort();
      void connect();
    };
    document.addEventListener('visibilitychange', look);
    void connect();
    return () => {
      ended = true;
      clearTimeout(timer);
      controller.abort();
      document.removeEventListener('visibilitychange', look);
    };
  }, [query]);
  return { snapshot, link };
}
