import {
  type ClaimedInstall,
  type Installer,
  type InstallClaim,
  type InstallClaims,
  NotReplaced,
  type PortalRecord,
} from '@b24/grants';
import { asFault, type Clock, type Fault, setNewest, sleep } from '@b24/portal';
import { DueWorker, heartbeat } from '@b24/redis';
import type { FastifyBaseLogger } from 'fastify';

/** Half the connections to the authorization server, so that unverified installs never delay a refresh. */
const maxConcurrentVerifications = 32;
const lookEveryMs = 5_000;
/** How long a replica holds a claim. A live replica renews the hold. */
const holdMs = 20_000;
const firstPauseMs = 5_000;
const maxPauseMs = 600_000;
/** Age at which the tokens of a claim have expired. */
const lifeMs = 3_600_000;
/** Maximum claims whose sources get their budget back once verified. */
const maxProvers = 2000;

/** An install that was received as an event, before it is verified. */
export interface ReceivedInstall {
  readonly claim: ClaimedInstall;
  readonly source: string;
  readonly requestId: string;
  /** Called once the authorization server has confirmed it, if this replica verified it. */
  readonly proven: () => void;
}

/** The request that brought the install. */
interface InstallSource {
  readonly requestId: string;
  readonly source?: string;
}

export interface InstallInboxOptions {
  readonly installer: Pick<Installer, 'fromClaim'>;
  readonly claims: Pick<InstallClaims, 'add' | 'acquireDue' | 'postpone' | 'replaceTokens' | 'remove'>;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  /** Called for every portal that is installed by an event. */
  readonly installed: (record: PortalRecord, from: InstallSource) => void;
  /** Called for every install that may not replace the grant, after its last attempt. */
  readonly notReplaced: (fault: NotReplaced, app: string, from: InstallSource) => void;
}

/**
 * Installs that were received as events. Bitrix24 expects an answer at once and never repeats an event, so its claim is
 * stored, sealed, before the answer and verified afterwards, by this replica or by another one if this one has died.
 */
export class InstallInbox {
  private readonly provers = new Map<string, () => void>();
  private readonly worker: DueWorker<InstallClaim>;

  constructor(private readonly options: InstallInboxOptions) {
    const { claims, clock } = options;
    this.worker = new DueWorker({
      clock,
      everyMs: lookEveryMs,
      maxConcurrent: maxConcurrentVerifications,
      take: () => claims.acquireDue(clock.now(), clock.now() + holdMs),
      work: (stored) => this.verify(stored),
    });
  }

  /** Polls for claims that other replicas left. */
  start(): void {
    this.worker.start();
  }

  /** Starts no further verification; other replicas verify the rest. */
  stop(): void {
    this.worker.stop();
  }

  settle(): Promise<void> {
    return this.worker.settle();
  }

  /** Takes an install. @throws Fault too_many_attempts if too many wait and most of them have the same source */
  async take(delivery: ReceivedInstall): Promise<void> {
    try {
      await this.keep(delivery);
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable' || this.worker.isFull) throw error;
      // An install is never repeated, so it is at least held in memory.
      this.worker.add(this.keepLater(delivery));
    }
  }

  private async keep({ claim, source, requestId, proven }: ReceivedInstall): Promise<void> {
    const { claims, clock, log } = this.options;
    const { id, room } = await claims.add(claim, { source, requestId, receivedAtMs: clock.now() });
    if (room === 'made') log.warn({ member: claim.memberId }, 'install not taken: its source sent too many');
    setNewest(this.provers, id, proven, maxProvers);
    this.worker.wake();
  }

  private async verify(stored: InstallClaim): Promise<void> {
    const { id, claim, receivedAtMs, requestId, source } = stored;
    const { installer, claims, clock, log } = this.options;
    const from = { requestId, ...(source !== undefined && { source }) };
    const letGo = this.hold(id);
    // The last attempt stores a token pair as a spare if the portal does not say who granted it.
    const isLast = clock.now() - receivedAtMs >= lifeMs;
    const keepFresh = (fresh: ClaimedInstall) => claims.replaceTokens(stored, fresh);
    try {
      const record = await installer.fromClaim(claim, isLast ? undefined : keepFresh);
      letGo();
      await this.drop(id, true);
      const { portal, domain } = record;
      log.info({ portal, domain, app: claim.app }, 'portal installed by event');
      this.options.installed(record, from);
    } catch (error) {
      letGo();
      const ageMs = clock.now() - receivedAtMs;
      const willRetry = isTransient(asFault(error)) && !isLast;
      const pauseMs = Math.min(Math.max(ageMs, firstPauseMs), maxPauseMs);
      if (willRetry) await claims.postpone(id, clock.now() + pauseMs).catch(() => undefined);
      else await this.drop(id, false);
      if (error instanceof NotReplaced && !willRetry) this.options.notReplaced(error, claim.app, from);
      this.warn(claim, asFault(error), willRetry);
    }
  }

  private async drop(id: string, proven: boolean): Promise<void> {
    if (proven) this.provers.get(id)?.();
    this.provers.delete(id);
    await this.options.claims.remove(id).catch(() => undefined);
  }

  /** Renews the hold while this process lives. Returns a function that stops it. */
  private hold(id: string): () => void {
    const { claims, clock } = this.options;
    return heartbeat({ clock, everyMs: holdMs / 2, renew: () => claims.postpone(id, clock.now() + holdMs) });
  }

  private async keepLater(delivery: ReceivedInstall): Promise<void> {
    const { clock } = this.options;
    const untilMs = clock.now() + lifeMs;
    while (!this.worker.isStopped && clock.now() < untilMs) {
      await sleep(clock, firstPauseMs);
      try {
        return await this.keep(delivery);
      } catch (error) {
        this.warn(delivery.claim, asFault(error), true);
      }
    }
  }

  private warn({ memberId }: ClaimedInstall, { code, message }: Fault, willRetry: boolean): void {
    this.options.log.warn({ member: memberId, code, willRetry }, `install not taken: ${message}`);
  }
}

function isTransient({ code }: Fault): boolean {
  return code === 'authorization_server_error' || code === 'administrator_unknown' || code === 'store_unavailable';
}
