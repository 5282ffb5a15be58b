import type { Client } from '@b24/access';
import type { JobWork } from '@b24/jobs';
import { Fault, type FaultCode, type PortalId } from '@b24/portal';
import { anyCommand, type GivenParams } from '../../line/any-method';
import { RequestCalls } from '../../line/request-calls';
import type { FanOut, FanOutTarget } from './fan-out';
import { problemLine, type NamedPortal } from './fan-out-line';

/** The payload of a fan-out job. */
export interface FanOutJobPayload {
  readonly method: string;
  readonly params: GivenParams;
  readonly deadlineMs: number;
  readonly requestId: string;
  readonly source?: string;
  readonly targets: readonly StoredTarget[];
}

export interface StoredTarget {
  readonly named: NamedPortal;
  readonly portal?: PortalId;
  readonly fault?: { readonly code: FaultCode; readonly detail: string };
}

/** The title of a fan-out job. */
export function fanOutTitle({ method, targets }: Pick<FanOutJobPayload, 'method' | 'targets'>): string {
  return `Call ${method} on ${targets.length === 1 ? '1 portal' : `${targets.length} portals`}`;
}

export function storedTargets(targets: readonly FanOutTarget[]): StoredTarget[] {
  return targets.map(({ named, portal, fault }) => ({
    named,
    ...(portal && { portal }),
    ...(fault && { fault: { code: fault.code, detail: fault.message } }),
  }));
}

/** Returns the work of a fan-out job: an item is the call of one portal. */
export function fanOutWork(fanOut: FanOut, payload: FanOutJobPayload): JobWork<Client> {
  const { method, params, deadlineMs, requestId, source } = payload;
  const command = anyCommand(method, params);
  const calls = new RequestCalls('fanOut');
  const targetAt = (index: number): FanOutTarget => {
    const { fault, ...target } = payload.targets[index] ?? { named: {} };
    return { ...target, ...(fault && { fault: new Fault(fault.code, { detail: fault.detail }) }) };
  };
  return {
    effectOf: () => command.effect,
    perform: (index, client, signal) =>
      fanOut.callOne(targetAt(index), { client, command, calls, deadlineMs, requestId, source, signal }),
    failed(index, code, detail) {
      const fault = new Fault(code, detail ? { detail } : {});
      return problemLine(targetAt(index).named, fault, { requestId, effect: command.effect });
    },
  };
}
