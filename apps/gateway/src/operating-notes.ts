import { type Answer, type Clock, Fault, type Operating, type PortalId, type Send } from '@b24/portal';

/** The last word of the vendor on each method's used operating time, as this replica heard it. */
export class OperatingNotes {
  private readonly notes = new Map<PortalId, Map<string, Operating>>();

  keep(portal: PortalId, method: string, operating: Operating): void {
    let methods = this.notes.get(portal);
    if (!methods) this.notes.set(portal, (methods = new Map<string, Operating>()));
    methods.set(method, operating);
  }

  /** When the method's oldest counted minute leaves, as last heard. */
  resetAtMs(portal: PortalId, method: string): number | undefined {
    return this.notes.get(portal)?.get(method)?.resetAtMs;
  }

  of(portal: PortalId): { method: string; operating: Operating }[] {
    return [...(this.notes.get(portal) ?? [])].map(([method, operating]) => ({ method, operating }));
  }
}

/** The station that keeps what answers say of operating time, and tells a spent method's reset when its refusal does not. */
export function keepOperating(notes: OperatingNotes, clock: Clock, next: Send): Send {
  return async (portal, commands, signal) => {
    const answers = await next(portal, commands, signal);
    return answers.map((answer, i) => {
      const method = commands[i]?.method ?? '';
      if (answer.operating) notes.keep(portal, method, answer.operating);
      return withReset(answer, notes.resetAtMs(portal, method), clock.now());
    });
  };
}

function withReset(answer: Answer, resetAtMs: number | undefined, nowMs: number): Answer {
  if (answer.ok || answer.operating || answer.fault.code !== 'operating_time_spent') return answer;
  if (resetAtMs === undefined || resetAtMs <= nowMs) return answer;
  const { upstream } = answer.fault;
  return {
    ...answer,
    fault: new Fault('operating_time_spent', { ...(upstream && { upstream }), retryAfterMs: resetAtMs - nowMs }),
  };
}
