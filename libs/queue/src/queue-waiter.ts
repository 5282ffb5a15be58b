import type { Answer, Fault } from '@b24/portal';
import type { CallProgress } from './call-progress';
import type { QueuedCall, Waiter } from './queued-call';

/** Withdraws calls of callers that give up. */
export interface WaiterOwner {
  /** The caller hung up, or its deadline passed. */
  detach(call: QueuedCall, waiter: Waiter, reason: unknown): void;
  /** The caller was answered or gave up. */
  removeWaiter(call: QueuedCall, waiter: Waiter): void;
}

/** The promise that a caller waits for. */
export interface PendingAnswers {
  resolve(answers: readonly Answer[]): void;
  reject(fault: Fault): void;
  readonly progress?: CallProgress | undefined;
}

/** A caller on this replica. It listens to its own signal while it waits. */
export class QueueWaiter implements Waiter {
  isCounted = false;
  isEvicted = false;
  private call: QueuedCall | undefined;

  constructor(
    readonly client: string,
    readonly bytes: number,
    readonly queuedAtMs: number,
    readonly signal: AbortSignal,
    private readonly pending: PendingAnswers,
    private readonly owner: WaiterOwner,
  ) {}

  /** Begins to wait for a call. */
  join(call: QueuedCall): void {
    this.call = call;
    this.signal.addEventListener('abort', this);
  }

  resolve(answers: readonly Answer[]): void {
    this.finish();
    this.pending.resolve(answers);
  }

  reject(fault: Fault): void {
    this.finish();
    this.pending.reject(fault);
  }

  /** The signal aborted. */
  handleEvent(): void {
    if (this.call) this.owner.detach(this.call, this, this.signal.reason);
  }

  private finish(): void {
    this.signal.removeEventListener('abort', this);
    if (!this.call) return;
    if (this.pending.progress) this.recordProgress(this.pending.progress, this.call);
    this.owner.removeWaiter(this.call, this);
  }

  private recordProgress(progress: CallProgress, { sentAtMs, commandsInRequest, retryCount }: QueuedCall): void {
    progress.queuedAtMs = this.queuedAtMs;
    progress.sentAtMs = sentAtMs;
    progress.commands = commandsInRequest;
    progress.retries = retryCount;
  }
}
