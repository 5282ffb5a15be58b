import { type Answer, type Command, Fault, type PortalId, portalId, type Result, type Send } from '@b24/portal';
import { type PeerExchange, type Plan, PortalQueues, type QueueObserver, type RateLimiter } from '@b24/queue';
import { HandClock, settle } from './hand-clock';
import { MemoryPeerHub } from './memory-peer-exchange';

export const portal = portalId('a'.repeat(32));
export const other = portalId('b'.repeat(32));
export const plan: Plan = { burst: 50, drainPerSecond: 2 };
export const read = (n: number, from = 'a'): Command => ({
  method: `m${n}`,
  params: {},
  effect: 'read',
  entity: { family: 'thing', ids: { thing: n } },
  from,
});
export const write = (n: number, from = 'a'): Command => ({ ...read(n, from), params: { to: from }, effect: 'write' });
export const result = (value: unknown, extra: Partial<Result> = {}): Result => ({
  ok: true,
  value,
  timing: { queueMs: 0, upstreamMs: 0 },
  ...extra,
});
export const nameOf = ({ method, params }: Command) => `${method} ${JSON.stringify(params)}`;

interface PendingPermit {
  /** Grants the permit, or rejects with the fault. */
  readonly resolve: (fault?: Fault) => void;
  readonly onWait: () => void;
  /** False once the replica was killed. */
  readonly isAlive: () => boolean;
}

/** A rate limiter that grants the permits the test adds. */
class ManualRateLimiter implements RateLimiter {
  permits = 0;
  acquired = 0;
  refunded = 0;
  settled = 0;
  readonly backOffsMs: number[] = [];
  readonly currentLevel = { left: 7, capacity: 46, drainPerSecond: 2 };
  private readonly pending: PendingPermit[] = [];
  /** While true, every acquisition fails at once. */
  private isDown = false;

  /** Adds permits, which pending acquisitions receive in order. */
  allow(count = 1): Promise<void> {
    this.permits += count;
    while (this.permits > 0 && this.pending.length > 0) {
      const next = this.pending.shift();
      if (!next?.isAlive()) continue;
      this.permits--;
      next.resolve();
    }
    return settle();
  }

  /** Makes the store unavailable: pending acquisitions reject. */
  fail(): Promise<void> {
    this.isDown = true;
    for (const { resolve } of this.pending.splice(0)) resolve(new Fault('store_unavailable'));
    return settle();
  }

  /** Calls `onWait` of every pending acquisition, as a real limiter does periodically. */
  async poll(): Promise<void> {
    for (const { onWait, isAlive } of this.pending) if (isAlive()) onWait();
    await settle();
  }

  tryAcquire = () => undefined;

  async acquire(_portal?: PortalId, _plan?: Plan, onWait: () => void = () => undefined, isAlive = () => true) {
    this.acquired++;
    // An endless loop of acquisitions would leave the test no time to fail.
    if (this.acquired > 10_000) await new Promise(() => undefined);
    if (this.isDown) throw new Fault('store_unavailable');
    if (this.permits > 0) this.permits--;
    else {
      const fault = await new Promise<Fault | undefined>((resolve) => this.pending.push({ resolve, onWait, isAlive }));
      if (fault) throw fault;
    }
    return {
      level: this.currentLevel,
      settle: () => void this.settled++,
      refund: () => {
        this.refunded++;
        void settle().then(() => this.allow());
      },
    };
  }

  backOff(_portal: PortalId, _plan: Plan, forMs: number): Promise<void> {
    this.backOffsMs.push(forMs);
    return Promise.resolve();
  }

  level = () => Promise.resolve(this.currentLevel);
  open = () => Promise.resolve();
  unload = () => undefined;
  remove = () => Promise.resolve();
  close = () => undefined;
}

/** One request to a portal, which the test answers or fails. */
export interface SentBatch {
  readonly portal: PortalId;
  readonly commands: readonly Command[];
  readonly signal: AbortSignal;
  isDone: boolean;
  answer(answers?: readonly Answer[]): Promise<void>;
  fail(fault: Fault): Promise<void>;
}

/** The parts that the replicas of one gateway share. */
export function sharedWorld({ left, lags }: { left?: number; lags?: readonly number[] } = {}) {
  const clock = new HandClock();
  const limiter = new ManualRateLimiter();
  if (left !== undefined) limiter.currentLevel.left = left;
  return { clock, limiter, hub: new MemoryPeerHub(clock, lags) };
}

/** Several replicas of one gateway, with no permits available for the portal. */
export function replicas(count: number, lags?: readonly number[], options: QueueWorldOptions = {}) {
  const shared = sharedWorld({ left: 0, ...(lags && { lags }) });
  return { ...shared, replicas: Array.from({ length: count }, () => queueWorld(options, shared)) };
}

export interface QueueWorldOptions {
  readonly queueLimit?: number;
  readonly maxBytes?: { readonly portal: number; readonly replica: number };
  readonly prepare?: (portal: PortalId) => Promise<Plan>;
  /** Replaces the exchange that connects the replicas. */
  readonly exchange?: PeerExchange;
  /** Whether the portal answers the gateway's own probe; false by default. */
  readonly isAnswering?: () => Promise<boolean>;
}

/** The portal queues of one replica, over a limiter, a wire and peers that the test controls. */
export function queueWorld(options: QueueWorldOptions = {}, shared = sharedWorld()) {
  const { clock, limiter } = shared;
  const exchange = shared.hub.exchange();
  const sent: SentBatch[] = [];
  const changes: string[] = [];
  const observer: QueueObserver = {
    requestSent: () => undefined,
    callSentByPeer: () => undefined,
    backedOff: () => undefined,
    circuit: (_portal, change) => changes.push(change),
  };
  let alive = true;
  const acquire: RateLimiter['acquire'] = (to, itsPlan, onWait) => limiter.acquire(to, itsPlan, onWait, () => alive);
  const { prepare = () => Promise.resolve(plan) } = options;
  const wire: Send = (to, commands, signal) =>
    new Promise<readonly Answer[]>((resolve, reject) => {
      signal.throwIfAborted();
      const batch: SentBatch = {
        portal: to,
        commands,
        signal,
        isDone: false,
        answer: (answers = commands.map((it) => result(nameOf(it)))) => {
          batch.isDone = true;
          resolve(answers);
          return settle();
        },
        fail: (fault) => {
          batch.isDone = true;
          reject(fault);
          return settle();
        },
      };
      sent.push(batch);
    });
  const queues = new PortalQueues({
    rateLimiter: {
      tryAcquire: limiter.tryAcquire,
      acquire,
      backOff: (to, itsPlan, forMs) => limiter.backOff(to, itsPlan, forMs),
      level: limiter.level,
      open: limiter.open,
      unload: limiter.unload,
      remove: limiter.remove,
      close: limiter.close,
    },
    peerExchange: options.exchange ?? exchange,
    clock,
    prepare: async (to) => ({ plan: await prepare(to), send: wire }),
    batchBytesOf: ({ params }) => (JSON.stringify(params).includes('$') ? undefined : 100),
    isAnswering: options.isAnswering ?? (() => Promise.resolve(false)),
    maxCallMs: 60_000,
    queueLimit: options.queueLimit ?? 10_000,
    ...(options.maxBytes && { maxBytes: options.maxBytes }),
    callTimeoutMs: 30_000,
    observer,
  });
  const send = (command: Command, signal = new AbortController().signal, to = portal) =>
    queues.send(to, [command], signal).then(
      ([answer]) => (answer?.ok ? answer.value : answer?.fault.code),
      (fault: unknown) => (fault as Fault).code,
    );
  const call = (n: number, signal?: AbortSignal, to?: PortalId) => send(read(n), signal, to);
  const methods = () => sent.map(({ commands }) => commands.map(({ method }) => method));
  /** Stops the replica as SIGKILL does: it does nothing more, and no peer hears from it. */
  const kill = () => {
    alive = false;
    exchange.kill();
  };
  return { clock, limiter, exchange, kill, sent, changes, queues, send, call, methods };
}

export const deadline = () => new Fault('deadline_exceeded');
