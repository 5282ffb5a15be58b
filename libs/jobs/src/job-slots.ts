import type { Clock } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Cluster, Redis } from 'ioredis';
import { type SlotState, nextJob, shouldLeave, type JobSlot } from './slot-order';

/* Every key is in docs/storage.md. The braces keep them on one node of a cluster, with the lists of jobs. */
const openKey = 'b24:{jobs}:open';
const turnsKey = 'b24:{jobs}:turns';
const servedKey = 'b24:{jobs}:served';
/** Longer than any job, so only unused entries expire. */
const slotTtlMs = 7 * 86_400_000;

const scripts = { claimSlot: 2, markSlotLeaving: 2, releaseSlot: 2 } as const;

interface SlotSnapshot extends SlotState {
  /** A version, so that no one acts on outdated data. */
  readonly count: string;
}

/**
 * Assigns jobs to the slots of all replicas. The queue hands out one ticket for each unfinished job, but not for a
 * certain job; slot-order.ts decides which job runs with a ticket, so that clients share the slots.
 * Every method throws Fault `store_unavailable` if the store does not answer.
 */
export class JobSlots {
  private readonly run;

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly clock: Clock,
  ) {
    this.run = loadScripts<Record<keyof typeof scripts, number>>(redis, __dirname, scripts);
  }

  /**
   * Returns the job that runs with this ticket; undefined if none waits. The job that ran with it before has ended or
   * lost its replica.
   * @param besides jobs that the caller could not run
   */
  take(ticket: string, besides: ReadonlySet<string>): Promise<JobSlot | undefined> {
    return orStoreUnavailable(async () => {
      for (;;) {
        const seen = await this.look();
        const floor = { ...seen, turns: seen.turns.filter((it) => it.ticket !== ticket) };
        const job = nextJob(floor, besides);
        if (!job) return undefined;
        const turn: JobSlot = { ...job, ticket, sinceMs: this.clock.now(), leaving: false };
        const args = [seen.count, ticket, textOf(turn), job.client, slotTtlMs];
        if ((await this.run.claimSlot(turnsKey, servedKey, ...args)) === 1) return turn;
      }
    });
  }

  /** Returns whether the job has to make room for others. From then on it counts as one that does. */
  leave(turn: JobSlot): Promise<boolean> {
    return orStoreUnavailable(async () => {
      const seen = await this.look();
      if (!shouldLeave(seen, turn, this.clock.now())) return false;
      const args = [seen.count, turn.ticket, textOf(turn), textOf({ ...turn, leaving: true })];
      return (await this.run.markSlotLeaving(turnsKey, servedKey, ...args)) === 1;
    });
  }

  end(turn: JobSlot): Promise<void> {
    return orStoreUnavailable(async () => {
      const texts = [false, true].map((leaving) => textOf({ ...turn, leaving }));
      await this.run.releaseSlot(turnsKey, servedKey, turn.ticket, ...texts);
    });
  }

  /** Returns the slots in use. */
  all(): Promise<readonly JobSlot[]> {
    return orStoreUnavailable(async () => (await this.look()).turns);
  }

  private async look(): Promise<SlotSnapshot> {
    const requested = this.redis.multi().zrange(openKey, '0', '-1').hgetall(turnsKey).hgetall(servedKey);
    const [open, turns, served] = ((await requested.exec()) ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [string[], Record<string, string>, Record<string, string>];
    const { turns: count = '0', ...last } = served;
    return {
      open: open.map((member) => {
        const [client = '', job = ''] = member.split(' ');
        return { client, job };
      }),
      turns: Object.entries(turns).map(([ticket, text]) => turnOf(ticket, text)),
      served: new Map(Object.entries(last).map(([client, turn]) => [client, Number(turn)])),
      count,
    };
  }
}

function textOf({ client, job, sinceMs, leaving }: JobSlot): string {
  return [client, job, sinceMs, leaving ? 'leaving' : 'running'].join(' ');
}

function turnOf(ticket: string, text: string): JobSlot {
  const [client = '', job = '', sinceMs, how] = text.split(' ');
  return { ticket, client, job, sinceMs: Number(sinceMs), leaving: how === 'leaving' };
}
