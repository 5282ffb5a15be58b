import type { Client } from '@b24/access';
import type { Work } from '@b24/jobs';
import { Fault, type FaultCode, type PortalId } from '@b24/portal';
import { anyCommand } from './any-method';
import type { FanOut, Target } from './fan-out';
import { failedBy, type Named } from './fan-out-line';

/** A fan-out as a job keeps it. */
export interface KeptFanOut {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly deadlineMs: number;
  readonly requestId: string;
  readonly source?: string;
  readonly targets: readonly KeptTarget[];
}

interface KeptTarget {
  readonly named: Named;
  readonly portal?: PortalId;
  readonly fault?: { readonly code: FaultCode; readonly detail: string };
}

export function keptTargets(targets: readonly Target[]): KeptTarget[] {
  return targets.map(({ named, portal, fault }) => ({
    named,
    ...(portal && { portal }),
    ...(fault && { fault: { code: fault.code, detail: fault.message } }),
  }));
}

/** An item is one portal's call. */
export function fanOutWork(fanOut: FanOut, kept: KeptFanOut): Work<Client> {
  const { method, params, deadlineMs, requestId, source } = kept;
  const command = anyCommand(method, params);
  const targetAt = (index: number): Target => {
    const { fault, ...target } = kept.targets[index] ?? { named: {} };
    return { ...target, ...(fault && { fault: new Fault(fault.code, { detail: fault.detail }) }) };
  };
  return {
    effectOf: () => command.effect,
    perform: (index, client, signal) =>
      fanOut.ask(targetAt(index), { client, command, deadlineMs, requestId, source, signal }),
    failed(index, code, detail) {
      const fault = new Fault(code, detail ? { detail } : {});
      return failedBy(targetAt(index).named, fault, { requestId, effect: command.effect });
    },
  };
}
