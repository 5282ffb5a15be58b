import type { Authenticator } from '../authenticate';
import type { Exchange } from '../exchange';
import type { InjectedFault } from '../fault-injector';
import { type PortalFaultKind } from '../fault-kinds';
import { injectWireFault } from '../inject-wire-fault';
import type { AuthenticatedCaller } from '../method-context';
import type { OrderedArray } from '../ordered-array';
import { inputOf } from '../php-input';
import type { PortalState, RequestLog } from '../portal-state';
import type { RequestJournal } from '../request-journal';
import type { RestCall } from '../rest-call';
import { isVendorErrorCode, vendorError } from '../vendor-errors';
import { VendorRefusal } from '../vendor-refusal';
import { vendorTime } from '../vendor-time';
import type { WireAnswer } from '../wire-answer';
import { IdempotentAnswers, type KeyedCall } from './idempotent-answers';
import { openapiDocument } from './openapi-document';
import { readV3Call, v3Commands } from './read-v3-call';
import { type V3Method, v3Methods } from './v3-methods';
import { V3Refusal } from './v3-refusal';

interface V3Serving {
  readonly exchange: Exchange;
  readonly call: RestCall & { readonly isJson: boolean };
  readonly log: RequestLog;
  readonly startedAt: number;
}

const documentation = new Set(['documentation', 'rest.documentation.openapi']);

/** `/rest/api/` of one portal (docs/bitrix24-rules.md#rest-3). */
export class RestV3Endpoint {
  private readonly answers: IdempotentAnswers;

  constructor(
    private readonly portal: PortalState,
    private readonly authenticator: Authenticator,
    private readonly journal: RequestJournal,
  ) {
    this.answers = new IdempotentAnswers(portal.clock);
  }

  async handle(exchange: Exchange): Promise<void> {
    exchange.allowAnyOrigin();
    if (exchange.httpMethod === 'OPTIONS') return exchange.send(200, 'text/html; charset=UTF-8', '');
    const call = readV3Call(exchange);
    const log = this.journal.open(call, exchange, { version: 3 });
    const serving = { exchange, call, log, startedAt: this.portal.clock.now() };
    const counted = this.portal.bucket.count(serving.startedAt);
    const fault = counted ? this.takeFault(call) : undefined;
    const late = fault !== undefined && isLate(fault);
    const answered = this.answer(log, () => {
      if (!counted) throw VendorRefusal.of('QUERY_LIMIT_EXCEEDED');
      if (fault !== undefined && !late) refuseBy(fault);
      return fault === undefined || late ? this.served(serving) : { status: 200, body: {} };
    });
    const answer = late ? this.answer(log, () => refuseBy(fault) ?? answered) : answered;
    await this.send(exchange, log, answer, fault);
  }

  private async send(
    exchange: Exchange,
    log: RequestLog,
    answer: WireAnswer,
    fault: InjectedFault<PortalFaultKind> | undefined,
  ): Promise<void> {
    if (fault !== undefined) {
      const isSpoilt = await injectWireFault(exchange, fault, answer);
      log.outcome = `fault:${fault.kind}`;
      if (isSpoilt) return;
    }
    await exchange.answer(answer);
  }

  private takeFault({ method = '' }: RestCall): InjectedFault<PortalFaultKind> | undefined {
    return this.portal.faults.take({ method, place: 'single', memberId: this.portal.memberId });
  }

  private answer(log: RequestLog, serve: () => WireAnswer): WireAnswer {
    try {
      const answer = serve();
      log.outcome = answer.scripted === undefined ? 'ok' : 'scripted';
      log.httpStatus = answer.status;
      return answer;
    } catch (error) {
      if (!(error instanceof VendorRefusal) && !(error instanceof V3Refusal)) throw error;
      log.outcome = String(error.code);
      log.httpStatus = error.status;
      return { status: error.status, body: error instanceof V3Refusal ? error.body : this.shown(error) };
    }
  }

  /** How an error that both versions know is written is unknown; a quirk chooses. */
  private shown({ code, description }: VendorRefusal): unknown {
    const message = description ?? '';
    return this.portal.quirks.flatV3Errors
      ? { error: code, error_description: message }
      : { error: { code: String(code), message } };
  }

  private served(serving: V3Serving): WireAnswer {
    const { call, log, exchange } = serving;
    if (this.portal.deleted) throw VendorRefusal.of('PORTAL_DELETED', this.portal.quirks.deletedStatus);
    if (call.method === undefined) throw VendorRefusal.of('ERROR_METHOD_NOT_FOUND');
    if (!call.isJson) throw V3Refusal.of('INVALIDJSON', 'The request body is not valid JSON');
    const caller = this.authenticator.authenticate(call.credentials);
    log.userId = caller.userId;
    const scripted = this.portal.scripts.take(call.method);
    if (scripted !== undefined) {
      log.executed = true;
      return { status: scripted.status ?? 200, body: undefined, scripted };
    }
    if (documentation.has(call.method.toLowerCase())) return { status: 200, body: openapiDocument() };
    if (call.method.toLowerCase() === 'batch') return this.enveloped(serving, caller, this.batch(serving, caller));
    const method = this.permitted(call.method, caller);
    const key = exchange.header('idempotency-key');
    const run = () => this.enveloped(serving, caller, this.run(method, caller, call.received, log));
    if (key === '' || method.writes !== true) return run();
    return this.once({ caller, method: call.method, key, body: exchange.received.bytes }, run);
  }

  /** Runs the method unless an answer of it is stored; a refusal is not stored. */
  private once(call: KeyedCall, run: () => WireAnswer): WireAnswer {
    const replayed = this.answers.replay(call);
    if (replayed !== undefined) return replayed;
    const answer = { ...run(), headers: { 'idempotency-key': call.key } };
    this.answers.store(call, answer);
    return answer;
  }

  private permitted(name: string, caller: AuthenticatedCaller): V3Method {
    const method = Object.entries(v3Methods).find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
    if (method === undefined) throw V3Refusal.of('METHODNOTFOUND', `Method \`${name}\` not found`, 404);
    if (method.scope !== '' && !caller.scopes.includes(method.scope)) {
      throw V3Refusal.of('INSUFFICIENTSCOPE', 'The request requires higher privileges', 403);
    }
    if (method.onlyAdministrators === true && !this.portal.administrators.has(caller.userId)) {
      throw V3Refusal.of('ACCESSDENIED', 'Access denied', 403);
    }
    return method;
  }

  private run(method: V3Method, caller: AuthenticatedCaller, received: OrderedArray, log: RequestLog): unknown {
    const result = method.run({ portal: this.portal, caller, params: inputOf(received), received });
    log.executed = true;
    return result;
  }

  /** All or nothing: the first refusal refuses the batch, and what ran before it is undone. */
  private batch({ call, log }: V3Serving, caller: AuthenticatedCaller): unknown[] {
    const { v3 } = this.portal;
    const before = new Map(v3.tasks);
    try {
      return v3Commands(call.received).map((command) => this.nested({ ...call, ...command }, caller, log));
    } catch (error) {
      v3.tasks = before;
      throw error;
    }
  }

  private nested(call: RestCall, caller: AuthenticatedCaller, { httpMethod, id }: RequestLog): unknown {
    const log = this.journal.open(call, { httpMethod }, { batchOf: id, version: 3 });
    log.userId = caller.userId;
    try {
      const result = this.run(this.permitted(call.method ?? '', caller), caller, call.received, log);
      Object.assign(log, { outcome: 'ok', httpStatus: 200 });
      return result;
    } catch (error) {
      if (error instanceof V3Refusal) Object.assign(log, { outcome: error.code, httpStatus: error.status });
      throw error;
    }
  }

  private enveloped({ call, startedAt }: V3Serving, { owner }: AuthenticatedCaller, result: unknown): WireAnswer {
    return { status: 200, body: { result, time: vendorTime(this.portal, call.method ?? '', owner, startedAt) } };
  }
}

/** Kinds that spoil a real answer, so that the call is executed first. */
function isLate({ kind, afterExecution }: InjectedFault<PortalFaultKind>): boolean {
  return afterExecution ?? ['cut-after', 'truncated', 'stall', 'slow'].includes(kind);
}

function refuseBy({ kind, status, description }: InjectedFault<PortalFaultKind>): undefined {
  if (!isVendorErrorCode(kind)) return undefined;
  const { description: usual, status: usualStatus } = vendorError(kind);
  throw new VendorRefusal(kind, description === undefined ? usual : description, status ?? usualStatus);
}
