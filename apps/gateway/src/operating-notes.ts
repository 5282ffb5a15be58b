import type { Operating, PortalId, Send } from '@b24/portal';

/** The last word of the vendor on each method's used operating time, as this replica heard it. */
export class OperatingNotes {
  private readonly notes = new Map<PortalId, Map<string, Operating>>();

  keep(portal: PortalId, method: string, operating: Operating): void {
    let methods = this.notes.get(portal);
    if (!methods) this.notes.set(portal, (methods = new Map<string, Operating>()));
    methods.set(method, operating);
  }

  of(portal: PortalId): { method: string; operating: Operating }[] {
    return [...(this.notes.get(portal) ?? [])].map(([method, operating]) => ({ method, operating }));
  }
}

/** The station that keeps what answers say of operating time. */
export function keepOperating(notes: OperatingNotes, next: Send): Send {
  return async (portal, commands, signal) => {
    const answers = await next(portal, commands, signal);
    answers.forEach(({ operating }, i) => {
      const method = commands[i]?.method;
      if (operating && method) notes.keep(portal, method, operating);
    });
    return answers;
  };
}
