import type { Authenticator } from './authenticate';
import { EntityCache } from './entity-cache';
import type { Exchange } from './exchange';
import { type AuthenticatedCaller, type MethodContext, VendorPage, type RestMethod } from './method-context';
import { findMethod } from './methods';
import { listedMethod } from './methods/listed-methods';
import { OrderedArray } from './ordered-array';
import { type PhpInput, inputOf, isMap } from './php-input';
import { jsonDecode } from './json-decode';
import type { ReceivedBody } from './received-body';
import { linkedFile, storeUpload } from './serve-link';
import type { PortalState, RequestLog } from './portal-state';
import { type RestCall, nestedMethods, readRestCall } from './rest-call';
import { type MethodAnswer, runBatch } from './run-batch';
import { injectWireFault } from './inject-wire-fault';
import type { WireAnswer } from './wire-answer';
import { type PortalFaultKind, isOddError, oddErrors } from './fault-kinds';
import type { InjectedFault } from './fault-injector';
import { isVendorErrorCode, vendorError } from './vendor-errors';
import type { RequestJournal } from './request-journal';
import type { ScriptedAnswer } from './scripted-answers';
import { vendorTime } from './vendor-time';
import { VendorRefusal } from './vendor-refusal';

interface Serving {
  readonly call: RestCall;
  readonly log: RequestLog;
  readonly body: ReceivedBody;
  readonly cache: EntityCache;
  readonly startedAt: number;
  readonly fault: InjectedFault<PortalFaultKind> | undefined;
}

type Answered = Omit<WireAnswer, 'status'> & Partial<Pick<WireAnswer, 'status'>>;

/** `/rest/` of one portal: count, fault, authenticate, run, answer (docs/bitrix24-rules.md#errors). */
export class RestEndpoint {
  constructor(
    private readonly portal: PortalState,
    private readonly authenticator: Authenticator,
    private readonly journal: RequestJournal,
  ) {}

  async handle(exchange: Exchange): Promise<void> {
    exchange.allowAnyOrigin();
    if (exchange.httpMethod === 'OPTIONS') return exchange.send(200, 'text/html; charset=UTF-8', '');
    const call = readRestCall(exchange);
    const log = this.journal.open(call, exchange);
    const counted = this.portal.bucket.count(this.portal.clock.now());
    const fault = counted ? this.takeFault(call) : undefined;
    const serving = {
      call,
      log,
      body: exchange.received,
      cache: new EntityCache(),
      startedAt: this.portal.clock.now(),
      fault,
    };
    if (fault !== undefined && strikesFirst(fault) && (await this.strike(exchange, serving, undefined))) return;
    const answer = counted ? this.serve(serving) : this.refusal(log, VendorRefusal.of('QUERY_LIMIT_EXCEEDED'));
    if (fault !== undefined && !strikesFirst(fault) && (await this.strike(exchange, serving, answer))) return;
    await exchange.answer(answer);
  }

  private takeFault(call: RestCall): InjectedFault<PortalFaultKind> | undefined {
    const nested = nestedMethods(call);
    const { method = '' } = call;
    const place = method.toLowerCase() === 'batch' ? 'batch' : 'single';
    return this.portal.faults.take({ method, place, nested, memberId: this.portal.memberId });
  }

  /** True: the answer has been given (or withheld) by the fault. */
  private async strike(exchange: Exchange, serving: Serving, answer: WireAnswer | undefined): Promise<boolean> {
    const { log, fault } = serving;
    if (fault === undefined) return false;
    const refusal = refusalOf(fault);
    const spoilt = await injectWireFault(exchange, fault, answer ?? { status: 200, body: { result: [], time: {} } });
    if (refusal === undefined && !spoilt) return false;
    if (refusal !== undefined) {
      const { status, body } = this.refusal(log, refusal);
      exchange.json(status, body);
    } else log.httpStatus = fault.status ?? answer?.status ?? 0;
    log.outcome = `fault:${fault.kind}`;
    return true;
  }

  private serve(serving: Serving): WireAnswer {
    const { call, log } = serving;
    try {
      if (this.portal.deleted) throw VendorRefusal.of('PORTAL_DELETED', this.portal.quirks.deletedStatus);
      if (call.method === undefined) throw VendorRefusal.of('ERROR_METHOD_NOT_FOUND');
      const caller = this.authenticator.authenticate(call.credentials);
      log.userId = caller.userId;
      const answer = { status: 200, ...this.answered(serving, caller, call.method) };
      log.outcome = answer.scripted === undefined ? 'ok' : 'scripted';
      log.httpStatus = answer.status;
      return answer;
    } catch (error) {
      if (error instanceof VendorRefusal) return this.refusal(log, error);
      throw error;
    }
  }

  private answered(serving: Serving, caller: AuthenticatedCaller, method: string): Answered {
    const scripted = this.portal.scripts.take(method);
    if (scripted !== undefined) {
      const { status = 200 } = this.executed(serving.log, scripted);
      return { status, body: undefined, scripted };
    }
    const link = { portal: this.portal, caller, token: serving.call.received.get('token') };
    switch (method.toLowerCase()) {
      case 'batch':
        return { body: this.batch(serving, caller) };
      case 'download':
        return { body: undefined, file: this.executed(serving.log, linkedFile(link)) };
      case 'upload': {
        const result = this.executed(serving.log, storeUpload(link, serving.body));
        return { body: { result, time: vendorTime(this.portal, 'upload', caller.owner, serving.startedAt) } };
      }
      default:
        return { body: this.run(serving, caller, method, serving.call.received, serving.log) };
    }
  }

  private executed<Result>(log: RequestLog, result: Result): Result {
    log.executed = true;
    return result;
  }

  private batch(serving: Serving, caller: AuthenticatedCaller): unknown {
    const { call, log, fault } = serving;
    const { operating } = this.portal;
    if (operating.mode === 'batch' && operating.isSpent('batch', caller.owner)) {
      throw VendorRefusal.of('OPERATION_TIME_LIMIT');
    }
    const runOnly = fault?.kind === 'unrun' ? (fault.ranOnly ?? 0) : Infinity;
    const result = runBatch(
      call.received,
      runOnly,
      (method, received) => this.runNested(serving, caller, method, received),
      (refusal) => this.shown(refusal, refusal.code === 'insufficient_scope'),
    );
    log.executed = true;
    return { result, time: vendorTime(this.portal, 'batch', caller.owner, serving.startedAt) };
  }

  private runNested(
    serving: Serving,
    caller: AuthenticatedCaller,
    method: string,
    received: OrderedArray,
  ): MethodAnswer {
    const { httpMethod, id } = serving.log;
    const log = this.journal.open({ ...serving.call, method, received }, { httpMethod }, { batchOf: id });
    log.userId = caller.userId;
    try {
      const scripted = this.portal.scripts.take(method);
      const answer = scripted
        ? scriptedItem(this.executed(log, scripted))
        : this.run(serving, caller, method, received, log);
      log.outcome = 'ok';
      log.httpStatus = 200;
      return answer;
    } catch (error) {
      if (error instanceof VendorRefusal) this.refusal(log, error);
      throw error;
    }
  }

  /** One method, alone or inside a batch: exists, scope, operating time, then the method itself. */
  private run(
    serving: Serving,
    caller: AuthenticatedCaller,
    name: string,
    received: OrderedArray,
    log: RequestLog,
  ): MethodAnswer {
    const { operating } = this.portal;
    const nested = log.batchOf !== undefined;
    const fault = nested ? this.takeItemFault(name) : serving.fault;
    const refusal = fault === undefined || !nested ? undefined : refusalOf(fault);
    if (refusal !== undefined && fault?.afterExecution !== true) throw refusal;
    const method = this.permitted(name, caller);
    const billedTo = operating.billedTo(name, nested);
    if (operating.isSpent(billedTo, caller.owner)) throw VendorRefusal.of('OPERATION_TIME_LIMIT');
    const silentlyFails = fault?.kind === 'silent-delete';
    const context = { portal: this.portal, caller, ...inputs(received), cache: serving.cache, silentlyFails };
    const result = fault?.kind === 'silent-false' ? false : this.repeating(caller, () => method.run(context));
    log.executed = fault?.kind !== 'silent-false';
    operating.chargeCost(name, billedTo, caller.owner);
    if (method.writes === true) this.portal.changed();
    if (refusal !== undefined) throw refusal;
    return this.item(result, vendorTime(this.portal, billedTo, caller.owner, serving.startedAt));
  }

  /** What the method returns or refuses with, with the key of the caller in it where the portal repeats that. */
  private repeating({ key }: AuthenticatedCaller, run: () => unknown): unknown {
    const { repeats } = this.portal.quirks;
    if (repeats === undefined) return run();
    try {
      return withText(run(), () => repeats(key));
    } catch (error) {
      if (!(error instanceof VendorRefusal)) throw error;
      throw new VendorRefusal(error.code, `${error.description} ${repeats(key)}`, error.status, error.verbatim);
    }
  }

  private takeItemFault(method: string): InjectedFault<PortalFaultKind> | undefined {
    return this.portal.faults.take({ method, place: 'item', memberId: this.portal.memberId });
  }

  private permitted(name: string, caller: AuthenticatedCaller): RestMethod {
    const method = listedMethod(this.portal.lists, name) ?? findMethod(name);
    if (method === undefined) throw VendorRefusal.of('ERROR_METHOD_NOT_FOUND');
    if (method.scope !== '' && !caller.scopes.includes(method.scope)) {
      throw VendorRefusal.of('insufficient_scope', this.portal.quirks.scopeStatus);
    }
    if (method.onlyApps === true && caller.kind === 'webhook') throw VendorRefusal.of('WRONG_AUTH_TYPE');
    return method;
  }

  private item(result: unknown, time: unknown): MethodAnswer {
    if (!(result instanceof VendorPage)) return { result, time };
    const { result: rows, key, next, total } = result;
    return {
      result: key === undefined ? rows : { [key]: rows },
      ...(next === undefined ? {} : { next }),
      ...(total === undefined ? {} : { total }),
      time,
    };
  }

  private refusal(log: RequestLog, refusal: VendorRefusal): WireAnswer {
    log.outcome = String(refusal.code);
    log.httpStatus = refusal.status;
    return { status: refusal.status, body: this.shown(refusal) };
  }

  /** A scope error of a command in a batch has no description (docs/bitrix24-rules.md#batch). */
  private shown(refusal: VendorRefusal, wordless = false): PhpInput {
    const { zeroErrorAs, hundredErrorAs, sentenceSuffix } = this.portal.quirks;
    if (refusal.description === null) return { error: refusal.code };
    const error_description = wordless ? '' : refusal.description;
    if (refusal.verbatim || typeof refusal.code === 'string') return { error: refusal.code, error_description };
    return {
      error: refusal.code === 0 ? zeroErrorAs : hundredErrorAs,
      error_description: error_description + sentenceSuffix,
    };
  }
}

function inputs(received: OrderedArray): Pick<MethodContext, 'params' | 'received'> {
  return { params: inputOf(received), received };
}

/** A batch shows of an answer what has a section of its own, and nothing of one that is no JSON. */
function scriptedItem({ text }: ScriptedAnswer): MethodAnswer {
  const body = jsonDecode(Buffer.from(text))?.value;
  if (!(body instanceof OrderedArray)) return {};
  const [result, next, total, time] = ['result', 'next', 'total', 'time'].map((name) => body.get(name));
  return { result, next, total, time, ...((body.get('error') ?? undefined) === undefined ? {} : { error: body }) };
}

function withText(result: unknown, text: () => string): unknown {
  if (result instanceof VendorPage) {
    const { result: rows, total, next, key } = result;
    return new VendorPage(Array.isArray(rows) ? rows.map((row) => withText(row, text)) : rows, total, next, key);
  }
  if (Array.isArray(result)) return result.map((row: unknown) => withText(row, text));
  return isMap(result) ? { ...result, UF_NOTE: text(), [text()]: 'noted' } : result;
}

/** Kinds that spoil a real answer, so that the call is executed first. */
const lateKinds = new Set<PortalFaultKind>(['cut-after', 'truncated', 'stall']);

function strikesFirst(fault: InjectedFault<PortalFaultKind>): boolean {
  return !(fault.afterExecution ?? lateKinds.has(fault.kind));
}

function refusalOf(fault: InjectedFault<PortalFaultKind>): VendorRefusal | undefined {
  const { kind, status } = fault;
  const words = (usual: string) => (fault.description === undefined ? usual : fault.description);
  if (isOddError(kind)) return new VendorRefusal(oddErrors[kind], words('Unknown error'), status ?? 400, true);
  if (!isVendorErrorCode(kind)) return undefined;
  const { description, status: usual } = vendorError(kind);
  return new VendorRefusal(kind, words(description), status ?? usual);
}
