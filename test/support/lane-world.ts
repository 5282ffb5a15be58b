import { type Answer, type Command, Fault, type PortalId, portalId, type Result } from '@b24/portal';
import { HandClock, settle } from './hand-clock';
import { type Bucket, type LaneObserver, Lanes, type Plan } from '@b24/queue';
import { MemoryStation } from './memory-platform';

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
  spent: { queueMs: 0, upstreamMs: 0 },
  ...extra,
});
export const nameOf = ({ method, params }: Command) => `${method} ${JSON.stringify(params)}`;

/** A bucket that lets out as many as the test has put in. */
class HandBucket implements Bucket {
  drops = 0;
  taken = 0;
  givenBack = 0;
  arrived = 0;
  readonly stoodBackMs: number[] = [];
  /** Whose departures wait; a killed replica's does not. */
  private readonly waiting: { go: (fault?: Fault) => void; waits: () => void; isAlive: () => boolean }[] = [];
  /** Every question fails at once, and those who wait are told. */
  private down = false;
  readonly theLevel = { left: 7, capacity: 46, drainPerSecond: 2 };

  drip(count = 1): Promise<void> {
    this.drops += count;
    while (this.drops > 0 && this.waiting.length > 0) {
      const next = this.waiting.shift();
      if (!next?.isAlive()) continue;
      this.drops--;
      next.go();
    }
    return settle();
  }

  breaksDown(): Promise<void> {
    this.down = true;
    for (const { go } of this.waiting.splice(0)) go(new Fault('store_unavailable'));
    return settle();
  }

  /** Everyone who waits looks around, as each does now and again. */
  async looks(): Promise<void> {
    for (const { waits, isAlive } of this.waiting) if (isAlive()) waits();
    await settle();
  }

  async take(_portal?: PortalId, _plan?: Plan, waits: () => void = () => undefined, isAlive = () => true) {
    this.taken++;
    // Whoever asks without end would leave no test time to say so.
    if (this.taken > 10_000) await new Promise(() => undefined);
    if (this.down) throw new Fault('store_unavailable');
    if (this.drops > 0) this.drops--;
    else {
      const fault = await new Promise<Fault | undefined>((go) => this.waiting.push({ go, waits, isAlive }));
      if (fault) throw fault;
    }
    const arrived = () => void this.arrived++;
    const giveBack = () => {
      this.givenBack++;
      return this.drip();
    };
    return { level: this.theLevel, arrived, giveBack };
  }

  standBack(_portal: PortalId, _plan: Plan, forMs: number): Promise<void> {
    this.stoodBackMs.push(forMs);
    return Promise.resolve();
  }

  level = () => Promise.resolve(this.theLevel);
  open = () => Promise.resolve();
  leave = () => undefined;
  forget = () => Promise.resolve();
  close = () => undefined;
}

export interface Sent {
  readonly portal: PortalId;
  readonly commands: readonly Command[];
  readonly signal: AbortSignal;
  back: boolean;
  answer(answers?: readonly Answer[]): Promise<void>;
  fail(fault: Fault): Promise<void>;
}

/** What replicas of one gateway share. */
export function ground({ left, lags }: { left?: number; lags?: readonly number[] } = {}) {
  const clock = new HandClock();
  const bucket = new HandBucket();
  if (left !== undefined) bucket.theLevel.left = left;
  return { clock, bucket, station: new MemoryStation(clock, lags) };
}

/** Several replicas of one gateway, whose portal's bucket is empty. */
export function replicas(count: number, lags?: readonly number[], options: WorldOptions = {}) {
  const shared = ground({ left: 0, ...(lags && { lags }) });
  return { ...shared, replicas: Array.from({ length: count }, () => world(options, shared)) };
}

export interface WorldOptions {
  readonly queueLimit?: number;
  readonly maxBytes?: { readonly portal: number; readonly replica: number };
  readonly prepare?: (portal: PortalId) => Promise<Plan>;
  /** Whether the portal answers a question of our own; it is down unless told. */
  readonly answers?: () => Promise<boolean>;
}

export function world(options: WorldOptions = {}, shared = ground()) {
  const { clock, bucket } = shared;
  const platform = shared.station.platform();
  const sent: Sent[] = [];
  const changes: string[] = [];
  const observer: LaneObserver = {
    departed: () => undefined,
    carried: () => undefined,
    stoodBack: () => undefined,
    circuit: (_portal, change) => changes.push(change),
  };
  let alive = true;
  const take: Bucket['take'] = (to, itsPlan, waits) => bucket.take(to, itsPlan, waits, () => alive);
  const lanes = new Lanes({
    bucket: {
      take,
      standBack: (to, itsPlan, forMs) => bucket.standBack(to, itsPlan, forMs),
      level: bucket.level,
      open: bucket.open,
      leave: bucket.leave,
      forget: bucket.forget,
      close: bucket.close,
    },
    platform,
    clock,
    prepare: options.prepare ?? (() => Promise.resolve(plan)),
    luggageOf: ({ params }) => (JSON.stringify(params).includes('$') ? undefined : 100),
    answers: options.answers ?? (() => Promise.resolve(false)),
    callLimitMs: 60_000,
    queueLimit: options.queueLimit ?? 10_000,
    ...(options.maxBytes && { maxBytes: options.maxBytes }),
    callTimeoutMs: 30_000,
    observer,
    next: (to, commands, signal) =>
      new Promise<readonly Answer[]>((resolve, reject) => {
        signal.throwIfAborted();
        const trip: Sent = {
          portal: to,
          commands,
          signal,
          back: false,
          answer: (answers = commands.map((it) => result(nameOf(it)))) => {
            trip.back = true;
            resolve(answers);
            return settle();
          },
          fail: (fault) => {
            trip.back = true;
            reject(fault);
            return settle();
          },
        };
        sent.push(trip);
      }),
  });
  const send = (command: Command, signal = new AbortController().signal, to = portal) =>
    lanes.send(to, [command], signal).then(
      ([answer]) => (answer?.ok ? answer.value : answer?.fault.code),
      (fault: unknown) => (fault as Fault).code,
    );
  const call = (n: number, signal?: AbortSignal, to?: PortalId) => send(read(n), signal, to);
  const methods = () => sent.map(({ commands }) => commands.map(({ method }) => method));
  /** As by kill -9: nothing of it goes on, and nobody hears from it. */
  const kill = () => {
    alive = false;
    platform.kill();
  };
  return { clock, bucket, platform, kill, sent, changes, lanes, send, call, methods };
}

export const deadline = () => new Fault('deadline_exceeded');
