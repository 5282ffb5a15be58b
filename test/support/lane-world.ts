import { type Answer, type Command, Fault, type PortalId, portalId, type Result } from '@b24/portal';
import { HandClock, settle } from './hand-clock';
import { type Bucket, type LaneObserver, Lanes, type Plan } from '@b24/lanes';
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
  readonly stoodBackMs: number[] = [];
  private readonly waiting: { go: () => void; waits: () => void }[] = [];
  readonly theLevel = { left: 7, capacity: 46, drainPerSecond: 2 };

  drip(count = 1): Promise<void> {
    this.drops += count;
    while (this.drops > 0 && this.waiting.length > 0) {
      this.drops--;
      this.waiting.shift()?.go();
    }
    return settle();
  }

  /** Everyone who waits looks around, as each does now and again. */
  async looks(): Promise<void> {
    for (const { waits } of this.waiting) waits();
    await settle();
  }

  async take(_portal?: PortalId, _plan?: Plan, waits: () => void = () => undefined) {
    this.taken++;
    if (this.drops > 0) this.drops--;
    else await new Promise<void>((go) => this.waiting.push({ go, waits }));
    return this.theLevel;
  }

  giveBack(): Promise<void> {
    this.givenBack++;
    return this.drip();
  }

  standBack(_portal: PortalId, _plan: Plan, forMs: number): Promise<void> {
    this.stoodBackMs.push(forMs);
    return Promise.resolve();
  }

  level = () => Promise.resolve(this.theLevel);
  open = () => Promise.resolve();
  leave = () => undefined;
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
export function ground() {
  const clock = new HandClock();
  return { clock, bucket: new HandBucket(), station: new MemoryStation(clock) };
}

export function world(options: { queueLimit?: number; prepare?: () => Promise<Plan> } = {}, shared = ground()) {
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
  const lanes = new Lanes({
    bucket,
    platform,
    clock,
    prepare: options.prepare ?? (() => Promise.resolve(plan)),
    luggageOf: ({ params }) => (JSON.stringify(params).includes('$') ? undefined : 100),
    queueLimit: options.queueLimit ?? 10_000,
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
  return { clock, bucket, platform, sent, changes, lanes, send, call, methods };
}

export const deadline = () => new Fault('deadline_exceeded');
