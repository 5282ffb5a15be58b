import type { ClaimedInstall, Installer, KeptClaim, KeptClaims } from '@b24/grants';
import { asFault, type Clock, Fault, sleep } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';

/** Verified at once on this replica; what is beyond waits in the store. */
const mostAtOnce = 200;
const lookEveryMs = 5_000;
/** A claim is its replica's for so long; longer, as long as it lives and says so. */
const holdMs = 20_000;
const firstPauseMs = 5_000;
const longestPauseMs = 600_000;
/** Then its tokens are worth no further try. */
const lifeMs = 3_600_000;

export interface InstallInboxOptions {
  readonly installer: Pick<Installer, 'fromClaim'>;
  readonly claims: Pick<KeptClaims, 'keep' | 'take' | 'hold' | 'drop'>;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
}

/**
 * Installs that came as events. Bitrix24 wants its answer at once and never sends again, so what the event claims is
 * kept, sealed, before the answer, and verified after it: by this replica, or by another if this one is gone.
 */
export class InstallInbox {
  private readonly underWay = new Set<Promise<void>>();
  private callOff: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: InstallInboxOptions) {}

  /** Takes up what was left behind. */
  start(): void {
    void this.takeUp().finally(() => {
      if (this.stopped) return;
      this.callOff = this.options.clock.after(lookEveryMs, () => {
        this.start();
      });
    });
  }

  /** Begins nothing more; what is not verified yet is another replica's. */
  stop(): void {
    this.stopped = true;
    this.callOff?.();
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** @throws Fault authorization_server_error when too many wait already */
  async take(claim: ClaimedInstall): Promise<void> {
    const { claims, clock } = this.options;
    const now = clock.now();
    const isFull = this.underWay.size >= mostAtOnce;
    try {
      const kept = await claims.keep(claim, now, isFull ? now : now + holdMs);
      if (kept && !isFull) this.begin(this.verify(kept));
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable' || isFull) throw error;
      // It is never sent again: better kept in memory alone than not at all.
      this.begin(this.keepLater(claim));
    }
  }

  private begin(verification: Promise<void>): void {
    const work = verification.finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** Never rejects. */
  private async takeUp(): Promise<void> {
    const { claims, clock } = this.options;
    try {
      while (!this.stopped && this.underWay.size < mostAtOnce) {
        const kept = await claims.take(clock.now(), clock.now() + holdMs);
        if (!kept) return;
        this.begin(this.verify(kept));
      }
    } catch {
      // The store is away; what it holds is still there later.
    }
  }

  private async verify({ id, claim, receivedAtMs }: KeptClaim): Promise<void> {
    const { installer, claims, clock } = this.options;
    const letGo = this.hold(id);
    try {
      const { portal, domain } = await installer.fromClaim(claim);
      letGo();
      await claims.drop(id).catch(() => undefined);
      this.options.log.info({ portal, domain }, 'portal installed by event');
    } catch (error) {
      letGo();
      const ageMs = clock.now() - receivedAtMs;
      const goesAgain = isPassing(asFault(error)) && ageMs < lifeMs;
      const pauseMs = Math.min(Math.max(ageMs, firstPauseMs), longestPauseMs);
      const after = goesAgain ? claims.hold(id, clock.now() + pauseMs) : claims.drop(id);
      await after.catch(() => undefined);
      this.warn(claim, asFault(error), goesAgain);
    }
  }

  /** For as long as this process lives; returns how to stop. */
  private hold(id: string): () => void {
    const { claims, clock } = this.options;
    let callOff: () => void;
    const again = () => {
      callOff = clock.after(holdMs / 2, () => {
        void claims.hold(id, clock.now() + holdMs).catch(() => undefined);
        again();
      });
    };
    again();
    return () => {
      callOff();
    };
  }

  private async keepLater(claim: ClaimedInstall): Promise<void> {
    const { clock } = this.options;
    const untilMs = clock.now() + lifeMs;
    while (!this.stopped && clock.now() < untilMs) {
      await sleep(clock, firstPauseMs);
      try {
        const kept = await this.options.claims.keep(claim, clock.now(), clock.now() + holdMs);
        return kept ? await this.verify(kept) : undefined;
      } catch (error) {
        this.warn(claim, asFault(error), true);
      }
    }
  }

  private warn({ memberId }: ClaimedInstall, { code, message }: Fault, goesAgain: boolean): void {
    this.options.log.warn({ member: memberId, code, goesAgain }, `install not taken: ${message}`);
  }
}

function isPassing({ code }: Fault): boolean {
  return code === 'authorization_server_error' || code === 'store_unavailable';
}
