import { authorize, type FreshGrants, type GrantStore, Outages, type PortalRecord, type Relocation } from '@b24/grants';
import { type Client, checkAccess, type Scope } from '@b24/access';
import { Lanes, type Bucket, type LaneObserver, type Plan } from '@b24/lanes';
import {
  type Answer,
  type Clock,
  type Command,
  Fault,
  type FaultCode,
  asFault,
  type PortalId,
  type Post,
  type Result,
  type Send,
} from '@b24/portal';
import { TariffScout } from './portals/tariff-scout';
import { sharedSize, upstream } from '@b24/upstream';

/*
 * The line. A call goes down these stations and its answer comes back up the same way:
 *
 *   access     may this key do this here?                            not_allowed
 *   ── from here on, everything has the shape Send ──
 *   lanes      wait for the portal's bucket, share a trip (≤ 50)     lane_full, operating_time_spent, deadline_exceeded
 *   authorize  put the token on                                      reauthorization_required, portal_payment_required
 *   upstream   encode, POST, decode, translate                       portal_error, outcome_unknown, rejected_by_portal
 *
 * Token pairs are made fresh before a departure takes from the bucket (docs/decisions/0002).
 */
export interface LineParts {
  readonly clock: Clock;
  readonly post: Post;
  readonly bucket: Bucket;
  readonly store: GrantStore;
  readonly grants: FreshGrants;
  readonly relocation: Relocation;
  readonly observer: LaneObserver & CallObserver;
  readonly queueLimit: number;
  /** The portal's leaky bucket. */
  readonly planOf: (portal: PortalRecord) => Plan;
  readonly callTimeoutMs: number;
}

/** Told of what calls came to, for metrics. */
export interface CallObserver {
  called(portal: PortalId, method: string, outcome: 'ok' | FaultCode): void;
  answered(method: string, upstreamMs: number): void;
}

/** Who calls, and how long it will wait. */
export interface Caller {
  readonly client: Client;
  /** Aborts with a Fault when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal;
}

/** The gateway itself, where it asks a portal on its own account. */
const scoutClient: Client = {
  id: 'tariff-scout',
  name: 'tariff scout',
  scopes: ['portals:read'],
  portals: 'all',
  methods: ['app.info'],
  createdAtMs: 0,
};

export class RequestLine {
  readonly lanes: Lanes;
  private readonly send: Send;
  private readonly scout: TariffScout;

  constructor(private readonly parts: LineParts) {
    const { clock, post, store, grants, relocation } = parts;
    this.scout = new TariffScout({
      store,
      clock,
      ask: (portal, command, signal) => this.call({ client: scoutClient, signal }, 'portals:read', portal, command),
    });
    const wire = upstream({ post, clock });
    const authorized = authorize({ grants, relocation, store, clock }, wire);
    this.lanes = new Lanes({
      ...parts,
      observer: notingOutages(parts.observer, new Outages(store, clock)),
      prepare: (portal) => this.prepare(portal),
      luggageOf: ({ method, params }) => sharedSize(method, params),
      next: authorized,
    });
    this.send = this.lanes.send;
  }

  /** A new portal's bucket begins to fill, and its licence is asked. */
  async installed(record: PortalRecord): Promise<void> {
    await this.lanes.open(record.portal, this.parts.planOf(record));
    this.scout.look(record);
  }

  /** Takes no more calls; those under way go on. */
  close(): void {
    this.scout.stop();
    this.lanes.close();
  }

  private async prepare(portal: PortalId): Promise<Plan> {
    const grant = await this.parts.grants.ensure(portal);
    this.scout.look(grant);
    return this.parts.planOf(grant);
  }

  /** @throws Fault whatever went wrong on the way, or the portal's refusal of this command */
  async call(caller: Caller, scope: Scope, portal: PortalId, command: Command): Promise<Result> {
    checkAccess(caller.client, { scope, portal, method: command.method });
    const { observer } = this.parts;
    try {
      const [answer] = await this.send(portal, [{ ...command, from: caller.client.id }], caller.signal);
      if (answer) observer.answered(command.method, answer.spent.upstreamMs);
      const result = resultOf(answer);
      observer.called(portal, command.method, 'ok');
      return result;
    } catch (error) {
      observer.called(portal, command.method, asFault(error).code);
      throw error;
    }
  }
}

/** Whether a portal is down is told to everyone who looks at it, not on this replica alone. */
function notingOutages(observer: LaneObserver, outages: Outages): LaneObserver {
  return {
    departed: (portal, seats, queueMs) => observer.departed(portal, seats, queueMs),
    stoodBack: (portal) => observer.stoodBack(portal),
    circuit: (portal, change, fault) => {
      observer.circuit(portal, change, fault);
      if (fault && change === 'opened') void outages.note(portal, fault);
    },
  };
}

function resultOf(answer: Answer | undefined): Result {
  if (!answer) throw new Fault('internal_error', { detail: 'A trip came back without this answer.' });
  if (!answer.ok) throw answer.fault;
  return answer;
}
