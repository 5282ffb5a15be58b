import {
  authorize,
  type FreshGrants,
  type Grant,
  type GrantStore,
  OutageRecorder,
  PortalProbe,
  type PortalRecord,
  type RelocationLookup,
} from '@b24/grants';
import {
  allowCommand,
  type AllowedCommand,
  type Client,
  type ClientKeys,
  type RateMeter,
  type Scope,
} from '@b24/access';
import type { CallLog } from '@b24/call-log';
import {
  CallProgress,
  type PeerExchange,
  type Plan,
  PortalQueues,
  type PreparedRequest,
  type QueueObserver,
  type QueueReadings,
  type RateLimiter,
} from '@b24/queue';
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
  type CallTiming,
} from '@b24/portal';
import { halfEmojiMessage } from './line/any-method';
import { callRecordOf } from './line/call-record';
import { explainRefusal } from './line/explain-refusal';
import { admitted, isRevoked, lastCheck } from './line/last-check';
import { MissingPermissions } from './line/missing-permissions';
import { acquirePermit } from './line/own-request-permit';
import type { RequestCalls } from './line/request-calls';
import { PlanDetector } from './line/plan-detector';
import type { Traces } from './line/traces';
import { findLoneSurrogate, batchedBytes, upstream } from '@b24/upstream';
import { type UnknownOutcome, type SettlementRule, settleWrite } from '@b24/idempotency';

/*
 * The line. A call passes these stations, and its answer returns the same way:
 *
 *   access       may this key do this here?                        not_allowed, portal_not_found
 *   permissions  does the portal lack the permission for this?  insufficient_scope
 *   settlement   a write whose answer is lost                      outcome_unknown
 *   ── below, every station has the shape Send ──
 *   queue        wait for a permit, share a batch (≤ 50)           queue_full, operating_time_spent, deadline_exceeded
 *   traces       one span per request, if a collector is set
 *   last check   a key or portal that ended while its call waited  key_invalid, portal_suspended
 *   authorize    put the token on                                  reauthorization_required, portal_payment_required
 *   upstream     encode, POST, decode, translate                   portal_error, outcome_unknown, rejected_by_portal
 *
 * A stale token pair is refreshed before a permit is acquired (docs/decisions/0002).
 */
export interface LineParts {
  readonly clock: Clock;
  readonly post: Post;
  /** Where a request carries the access token of an app. */
  readonly tokenIn: 'body' | 'header';
  /** Returns the gateway's link for a link to a file of a portal. */
  readonly linkFor: (vendorLink: URL) => string;
  readonly rateLimiter: RateLimiter;
  readonly peerExchange: PeerExchange;
  readonly store: GrantStore;
  readonly grants: FreshGrants;
  readonly relocation: RelocationLookup;
  readonly observer: QueueObserver & CallObserver;
  /** The call log and the history. */
  readonly callRecorders: readonly Pick<CallLog, 'record'>[];
  /** Absent if traces are not collected. */
  readonly traces?: Traces | undefined;
  readonly keys: Pick<ClientKeys, 'digestOfAdmitted' | 'isKnownToWork' | 'works'>;
  /** Counts the commands of keys that have a rate. */
  readonly meter: Pick<RateMeter, 'charge'>;
  readonly queueLimit: number;
  /** The portal's leaky bucket. */
  readonly planOf: (portal: PortalRecord) => Plan;
  readonly callTimeoutMs: number;
  /** How long a portal may run one call. */
  readonly maxCallMs: number;
}

/** Observes the outcomes of calls, for metrics and the console. */
export interface CallObserver {
  called(portal: PortalId, method: string, outcome: 'ok' | FaultCode): void;
  answered(portal: PortalId, method: string, timing: CallTiming): void;
  failed(portal: PortalId, method: string, fault: Fault, origin: CallOrigin): void;
}

/** The origin of a call, as an operator may see it. */
export interface CallOrigin {
  readonly caller: string;
  readonly requestId?: string;
}

interface CallContext {
  readonly client: Client;
  readonly requestId?: string;
  /** Aborts with a Fault when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal;
  /** The caller's own `traceparent`. */
  readonly traceparent?: string;
  /** The request that makes the call. */
  readonly calls?: RequestCalls;
}

/** What the line remembers of a call until it ends. */
interface OpenCall {
  readonly asking: CallContext;
  readonly portal: PortalId;
  readonly command: Command;
  readonly startedAtMs: number;
  readonly progress: CallProgress;
}

/** Who calls, and how long it will wait. */
export interface CallerContext extends CallContext {
  /** When it aborts at the latest, unix milliseconds. */
  readonly deadlineAtMs: number;
  /** An earlier attempt with the same Idempotency-Key may have been carried out. */
  readonly unknownOutcome?: UnknownOutcome;
}

/** A write, how its answer is read, and how it is settled if its answer is lost. */
export interface WriteOf<T> {
  readonly command: Command;
  readonly read: (result: Result) => T;
  readonly rule: SettlementRule<T>;
}

/** The gateway itself, where it asks a portal on its own account. */
const planDetectorClient: Client = {
  id: 'plan-detector',
  name: 'plan detector',
  scopes: ['portals:read'],
  portals: 'all',
  methods: ['app.info'],
  createdAtMs: 0,
};

const bindingClient: Client = {
  ...planDetectorClient,
  id: 'event-bindings',
  name: 'event bindings',
  methods: ['events', 'event.*'],
};

/** Nothing is sent to a portal but by `ask`, and there what the policy has allowed. */
type SendAllowed = (
  portal: PortalId,
  commands: readonly AllowedCommand[],
  signal: AbortSignal,
  progress: CallProgress,
) => Promise<readonly Answer[]>;

export class RequestLine {
  /** Readings of the queues; commands enter them here only. */
  readonly queues: QueueReadings;
  private readonly portalQueues: PortalQueues;
  private readonly send: SendAllowed;
  private readonly planDetector: PlanDetector;
  private readonly missingPermissions: MissingPermissions;
  private readonly sendAs: ReturnType<typeof lastCheck>;

  constructor(private readonly parts: LineParts) {
    const { clock, post, store, grants, relocation } = parts;
    this.missingPermissions = new MissingPermissions(clock);
    this.planDetector = new PlanDetector({
      store,
      clock,
      ask: (portal, command, signal) =>
        this.call({ client: planDetectorClient, signal }, 'portals:read', portal, command),
    });
    const wire = upstream({ post, clock, tokenIn: parts.tokenIn, linkFor: parts.linkFor });
    const permit = (record: PortalRecord, signal: AbortSignal) =>
      acquirePermit(parts.rateLimiter, record.portal, parts.planOf(record), signal);
    const probe = new PortalProbe({ clock, acquirePermit: permit, send: wire });
    this.sendAs = lastCheck(parts, authorize({ grants, relocation, store, clock, probe }, wire));
    this.portalQueues = new PortalQueues({
      ...parts,
      observer: withOutages(parts.observer, new OutageRecorder(store, clock)),
      ready: (portal) => this.ready(portal),
      prepare: (portal) => this.prepare(portal),
      isAnswering: async (portal) => (await probe.ask(await grants.usable(portal))).kind !== 'silent',
      batchBytesOf: ({ method, params, v3 }) => (v3 ? undefined : batchedBytes(method, params)),
    });
    this.queues = this.portalQueues;
    this.send = this.portalQueues.send;
  }

  /** Starts the refill of a new portal's permits and reads its licence. */
  async installed(record: PortalRecord): Promise<void> {
    await this.portalQueues.open(record.portal, this.parts.planOf(record));
    this.planDetector.refreshIfStale(record);
  }

  /** Calls a method that binds events, as any other call. @throws Fault as calls do */
  askForEvents(portal: PortalId, command: Command, signal: AbortSignal): Promise<Result> {
    return this.call({ client: bindingClient, signal }, 'portals:read', portal, command);
  }

  /** Takes no more calls; those under way go on. */
  stop(): void {
    this.planDetector.stop();
    this.portalQueues.close();
  }

  /** Resolves when no request carries calls of other replicas. */
  settle(): Promise<void> {
    return this.portalQueues.settle();
  }

  private async prepare(portal: PortalId): Promise<PreparedRequest> {
    return this.prepared(await this.parts.grants.ensure(portal));
  }

  private ready(portal: PortalId): PreparedRequest | undefined {
    const grant = this.parts.grants.ready(portal);
    return grant && this.prepared(grant);
  }

  private prepared(grant: Grant): PreparedRequest {
    const { planOf, traces } = this.parts;
    this.planDetector.refreshIfStale(grant);
    const send = this.sendAs(grant);
    return { plan: planOf(grant), send: traces ? traces.station(send) : send };
  }

  /** @throws Fault whatever went wrong on the way, or the portal's refusal of this command */
  call(asking: CallContext, scope: Scope, portal: PortalId, command: Command): Promise<Result> {
    return this.ask(asking, scope, portal, command).then(resultOf);
  }

  /** The same, where the portal's refusal of this command is an answer. @throws Fault whatever went wrong on the way */
  answer(asking: CallContext, scope: Scope, portal: PortalId, command: Command): Promise<Answer> {
    return this.ask(asking, scope, portal, command);
  }

  /** The same for a write, which happens once. @throws Fault also outcome_unknown, where it can't be settled in time */
  async write<T>(
    caller: CallerContext,
    scope: Scope,
    portal: PortalId,
    { command, read, rule }: WriteOf<T>,
  ): Promise<T> {
    const { client, signal, deadlineAtMs, unknownOutcome } = caller;
    const { clock, maxCallMs } = this.parts;
    const send = async (it: Command) => {
      // What settles a lost answer is the gateway's own question: the key's method patterns are about the write.
      const requested = it === command ? caller : { ...caller, client: { ...client, methods: [it.method] } };
      return read(resultOf(await this.ask(requested, scope, portal, it)));
    };
    return settleWrite({ command, rule, send, signal, deadlineAtMs, clock, callLimitMs: maxCallMs, unknownOutcome });
  }

  /** The one way to a portal: decides whether the client may, and sends. */
  private async ask(asking: CallContext, scope: Scope, portal: PortalId, command: Command): Promise<Answer> {
    const { client, signal, traceparent, calls } = asking;
    calls?.add(portal, command.method);
    const { clock, grants, keys, observer, traces, meter } = this.parts;
    const progress = new CallProgress();
    const open: OpenCall = { asking, portal, command, startedAtMs: clock.now(), progress };
    const allowed = this.allow(open, scope);
    const traced = traces?.call(portal, command, traceparent);
    try {
      this.missingPermissions.check(portal, command, grants.ready(portal));
      if (client.rate) await meter.charge(client, command.inside?.length ?? 1, signal);
      const sent = admitted(allowed, client, keys.digestOfAdmitted(client));
      const traceable = traced ? { ...sent, trace: traced.traceparent } : sent;
      const [first] = await this.send(portal, [traceable], signal, progress);
      const received = isRevoked(first) ? await this.sendOwn(open, traceable, first) : first;
      this.missingPermissions.learn(portal, command, received, grants.ready(portal));
      const answer = received && forEffect(command, received);
      if (!answer) throw new Fault('internal_error', { detail: 'The answers of a request lack this one.' });
      observer.answered(portal, command.method, answer.timing);
      this.report(open, answer.ok ? undefined : answer.fault, answer);
      traced?.end(answer, answer.ok ? 'ok' : answer.fault.code);
      return answer;
    } catch (error) {
      const fault = faultFor(command, asFault(error));
      this.report(open, fault);
      traced?.end(undefined, fault.code);
      throw fault;
    }
  }

  /** Sends a command once more if it shared a read with a caller whose key has ended, and its own key has not. */
  private async sendOwn(
    { asking: { signal }, portal, progress }: OpenCall,
    command: AllowedCommand,
    revoked: Answer | undefined,
  ) {
    const { keyDigest } = command;
    let answer = revoked;
    while (isRevoked(answer) && (keyDigest === undefined || (await this.parts.keys.works(keyDigest))))
      [answer] = await this.send(portal, [command], signal, progress);
    return answer;
  }

  /** Decides whether the client may. A refusal is logged. @throws Fault */
  private allow(open: OpenCall, scope: Scope): AllowedCommand {
    const { asking, portal, command } = open;
    try {
      const allowed = allowCommand(asking.client, { scope, portal }, command);
      assertEncodable(command);
      return allowed;
    } catch (error) {
      this.log(open, asFault(error));
      throw error;
    }
  }

  private report(open: OpenCall, fault?: Fault, answer?: Answer): void {
    const { observer } = this.parts;
    const { portal, asking } = open;
    const { method } = open.command;
    const { client, requestId } = asking;
    observer.called(portal, method, fault?.code ?? 'ok');
    if (fault)
      observer.failed(portal, method, fault, { caller: client.name, ...(requestId !== undefined && { requestId }) });
    this.log(open, fault, answer);
  }

  private log({ asking, command, ...open }: OpenCall, fault?: Fault, answer?: Answer): void {
    const { callRecorders, clock } = this.parts;
    const { client, requestId, calls } = asking;
    const { portal, startedAtMs, progress } = open;
    const { method } = command;
    const from = { client, requestId, operation: calls?.operation };
    const record = callRecordOf({
      ...from,
      portal,
      method,
      startedAtMs,
      endedAtMs: clock.now(),
      progress,
      answer,
      fault,
    });
    for (const recorder of callRecorders) recorder.record(record);
  }
}

function forEffect(command: Command, answer: Answer): Answer {
  return answer.ok ? answer : { ...answer, fault: explainRefusal(command, faultFor(command, answer.fault)) };
}

/** The outcome of a command that only reads is never unknown: it has changed nothing. */
function faultFor({ effect }: Command, fault: Fault): Fault {
  if (effect !== 'read' || fault.code !== 'outcome_unknown') return fault;
  const { message, retryAfterMs } = fault;
  return new Fault('no_answer', { detail: message, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

/** Records an outage in Redis too, so that every replica reports it. */
function withOutages(observer: QueueObserver, outages: OutageRecorder): QueueObserver {
  return {
    requestSent: (portal, commandCount, queueMs) => observer.requestSent(portal, commandCount, queueMs),
    callSentByPeer: (portal, queueMs) => observer.callSentByPeer(portal, queueMs),
    backedOff: (portal) => observer.backedOff(portal),
    circuit: (portal, change, fault) => {
      observer.circuit(portal, change, fault);
      if (fault && change === 'opened') void outages.record(portal, fault);
    },
  };
}

/** @throws Fault invalid_request for half an emoji, which would make the portal read none of the parameters */
function assertEncodable({ params, v3 }: Command): void {
  const path = findLoneSurrogate(v3?.body ?? params);
  if (path === undefined) return;
  throw new Fault('invalid_request', {
    detail: `\`${path}\` holds half of a surrogate pair, such as half an emoji. Bitrix24 would read no parameter at all; cut texts between characters.`,
    errors: [{ path: `params.${path}`, message: halfEmojiMessage }],
  });
}

function resultOf(answer: Answer): Result {
  if (!answer.ok) throw answer.fault;
  return answer;
}
