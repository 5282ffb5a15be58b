import { type AuditLog, type Client, type ClientKeys, canUsePortal, type RateMeter } from '@b24/access';
import type { GrantStore, PortalRecord } from '@b24/grants';
import { asFault, type Clock, type Command, Fault, type PortalId, within } from '@b24/portal';
import { deadlineExceeded } from '../../http/caller';
import { executedMethods } from '../../http/audit-context';
import { canSeePortal } from '../portals/can-see-portal';
import { amongOf } from '../portals/list-portals-of-key';
import { portalPages } from '../portals/portal-pages';
import type { RequestCalls } from '../../line/request-calls';
import type { RequestLine } from '../../request-line';
import { type FanOutAnswer, answerLine, problemLine, type NamedPortal } from './fan-out-line';

/** The portals of a fan-out: by name, all that the key may use, or those with a tag. */
export type PortalSelection = readonly string[] | 'all' | { readonly tag: string };

/** A portal to call, or the fault that prevents the call. */
export interface FanOutTarget {
  readonly named: NamedPortal;
  readonly portal?: PortalId;
  readonly fault?: Fault;
}

export interface FanOutCall {
  readonly client: Client;
  readonly command: Command;
  /** Time limit of each portal's call. */
  readonly deadlineMs: number;
  readonly requestId: string;
  readonly calls: RequestCalls;
  /** The address of the caller. */
  readonly source?: string | undefined;
  /** Aborts when the caller no longer waits. */
  readonly signal: AbortSignal;
}

const maxConcurrentLookUps = 50;

/** Calls many portals. Each call has its own queue, deadline and outcome. */
export class FanOut {
  constructor(
    private readonly store: GrantStore,
    private readonly line: Pick<RequestLine, 'call'>,
    private readonly clock: Clock,
    private readonly audit: Pick<AuditLog, 'record'>,
    private readonly meter: Pick<RateMeter, 'waitUntilPaid'>,
    private readonly keys: Pick<ClientKeys, 'assertStillValid'>,
  ) {}

  /** Returns each portal once, under the first of its names. @throws Fault store_unavailable */
  async targets(client: Client, to: PortalSelection): Promise<FanOutTarget[]> {
    return to === 'all' || 'tag' in to ? this.targetsOfKey(client, to) : this.targetsByName(client, to);
  }

  /** Calls one portal and records its write in the audit log. Never rejects. */
  async callOne(target: FanOutTarget, round: FanOutCall): Promise<FanOutAnswer> {
    const answered = await this.answer(target, round);
    if (target.portal && round.command.effect === 'write') this.recordAudit(target.portal, answered, round);
    return answered;
  }

  private recordAudit(
    portal: PortalId,
    { code, status }: FanOutAnswer,
    { client, command, requestId, source }: FanOutCall,
  ): void {
    const { id: actor, name } = client;
    const outcome = code === 'ok' ? 'done' : code;
    const entry = {
      actor,
      name,
      action: 'fanOut',
      portal,
      status,
      outcome,
      requestId,
      atMs: this.clock.now(),
    } as const;
    const ids = executedMethods([command.method], [outcome]);
    this.audit.record({ ...entry, ...(source !== undefined && { source }), ids });
  }

  private async answer({ portal, named, fault }: FanOutTarget, round: FanOutCall): Promise<FanOutAnswer> {
    const { client, command, deadlineMs, signal, requestId, calls } = round;
    const failed = (why: Fault) => problemLine(named, why, { requestId, effect: command.effect });
    if (!portal || fault) return failed(fault ?? new Fault('portal_not_found'));
    const inTime = { clock: this.clock, ms: deadlineMs, late: () => deadlineExceeded(deadlineMs) };
    try {
      await this.meter.waitUntilPaid(client, signal);
      await this.keys.assertStillValid(client);
      const call = (ends: AbortSignal) =>
        this.line.call({ client, requestId, calls, signal: ends }, 'call', portal, command);
      return answerLine(named, await within(inTime, signal, call));
    } catch (error) {
      return failed(asFault(error));
    }
  }

  private async targetsOfKey(client: Client, to: 'all' | { readonly tag: string }): Promise<FanOutTarget[]> {
    const isMeant = ({ tags, waitingSinceMs }: PortalRecord) =>
      waitingSinceMs === undefined && (to === 'all' || tags?.includes(to.tag) === true);
    const targets: FanOutTarget[] = [];
    const among = amongOf(client);
    for await (const records of portalPages(this.store, { ...among, only: isMeant }))
      targets.push(...records.map((record) => ({ portal: record.portal, named: namedPortal(record) })));
    return targets;
  }

  private async targetsByName(client: Client, names: readonly string[]): Promise<FanOutTarget[]> {
    const targets: FanOutTarget[] = [];
    const seen = new Set<string>();
    for (let at = 0; at < names.length; at += maxConcurrentLookUps) {
      const found = await Promise.all(
        names.slice(at, at + maxConcurrentLookUps).map((name) => this.targetByName(client, name)),
      );
      for (const target of found) {
        const key = target.portal ?? `name ${target.named.name}`;
        if (!seen.has(key)) targets.push(target);
        seen.add(key);
      }
    }
    return targets;
  }

  /** Looks up a portal. Of a portal that the key may not use, only the requested name is revealed. */
  private async targetByName(client: Client, name: string): Promise<FanOutTarget> {
    const portal = await this.store.findCached(name);
    if (!portal || !canUsePortal(client, portal)) return { named: { name }, fault: new Fault('portal_not_found') };
    const record = await this.store.loadCached(portal).catch((error: unknown) => asFault(error));
    if (record instanceof Fault && record.code === 'store_unavailable') throw record;
    if (record instanceof Fault) return { named: { name }, fault: record };
    if (!record) return { named: { name }, fault: new Fault('portal_not_found') };
    // The call itself fails for a portal that waits to be admitted; nothing else about it is revealed.
    return { portal, named: { name, ...(canSeePortal(client, record) && namedPortal(record)) } };
  }
}

function namedPortal({ portal, domain, alias }: PortalRecord): NamedPortal {
  return { memberId: portal, domain, ...(alias && { alias }) };
}
