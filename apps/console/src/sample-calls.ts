import { useEffect, useState } from 'preact/hooks';
import { ask } from './api';

/** Reads that change nothing, exist on every portal and cost it next to nothing. */
const methods = ['profile', 'tasks.api.scrum.backlog.getFields', 'sonet_group.get'];
const everyMs = 350;
const totalCalls = 80;
/** When so many have no answer yet, no more are sent. */
const maxOpen = 24;
const deadlineMs = 5000;

/** How a flow of sample calls to one portal is doing. */
export interface SampleCallsNow {
  readonly memberId: string;
  readonly running: boolean;
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  /** Of the call that ended last; undefined if it succeeded. */
  readonly lastCode: string | undefined;
}

const changed = new EventTarget();
let now: SampleCallsNow | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

function set(next: SampleCallsNow): void {
  now = next;
  changed.dispatchEvent(new Event('changed'));
}

/** Sends a steady, bounded flow of reads to a portal, in place of an earlier flow. It goes on while the console is open. */
export function startSampleCalls(memberId: string): void {
  clearInterval(timer);
  set({ memberId, running: true, sent: 0, answered: 0, failed: 0, lastCode: undefined });
  const flow = setInterval(() => {
    if (now === undefined || timer !== flow) return;
    if (now.sent >= totalCalls) stopSampleCalls();
    else if (now.sent - now.answered < maxOpen) void sendOne(flow, memberId, now.sent);
  }, everyMs);
  timer = flow;
}

export function stopSampleCalls(): void {
  clearInterval(timer);
  if (now) set({ ...now, running: false });
}

async function sendOne(flow: typeof timer, memberId: string, index: number): Promise<void> {
  if (now) set({ ...now, sent: now.sent + 1 });
  const method = methods[index % methods.length];
  const code = await codeOf(`/v1/portals/${memberId}/call/${method}`);
  // Its flow has been replaced.
  if (timer !== flow || now === undefined) return;
  set({ ...now, answered: now.answered + 1, failed: now.failed + (code === undefined ? 0 : 1), lastCode: code });
}

/** Returns the code of the problem with which a call ended; undefined if it succeeded. */
async function codeOf(path: string): Promise<string | undefined> {
  try {
    const headers = { 'X-Deadline-Ms': `${deadlineMs}` };
    const answer = await ask('POST', path, { body: '{}', headers });
    return answer.ok ? undefined : ((await answer.json()) as { code: string }).code;
  } catch {
    return 'no_answer';
  }
}

export function useSampleCalls(): SampleCallsNow | undefined {
  const [shown, setShown] = useState(now);
  useEffect(() => {
    const look = () => {
      setShown(now);
    };
    look();
    changed.addEventListener('changed', look);
    return () => {
      changed.removeEventListener('changed', look);
    };
  }, []);
  return shown;
}

export const sampleCallsTotal = totalCalls;
