import { type Answer, type Clock, type Command, Fault, type PortalId, setNewest } from '@b24/portal';
import { explainRefusal } from './explain-refusal';
import { vendorCatalog } from './vendor-catalog';

/** How long, ms, what a portal said of a permission is believed: a webhook gets permissions without notice. */
const believedMs = 60_000;
/** Refusals that are remembered, of all portals. */
const maxRefusals = 10_000;

/** When the portal got its grant, and the permissions that came with it; those of a webhook change without notice. */
export interface GrantedPermissions {
  readonly kind: 'app' | 'webhook';
  readonly installedAtMs: number;
  readonly scope: readonly string[];
}

interface PermissionRefusal {
  readonly atMs: number;
  readonly installedAtMs: number;
}

/**
 * The permissions that portals said they lack. A call that needs one is refused without a request for a minute: a call of
 * the same method, and a call of another method that needs the same permission, if an app's grant does not list it either
 * (docs/decisions/0034-catalog.md).
 */
export class MissingPermissions {
  /** By portal and method, and by portal and permissions; oldest first. */
  private readonly refusals = new Map<string, PermissionRefusal>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Remembers a portal's refusal of a command; other answers are passed over. */
  learn(portal: PortalId, command: Command, answer: Answer | undefined, granted: GrantedPermissions | undefined): void {
    if (answer?.ok !== false || answer.fault.code !== 'insufficient_scope') return;
    if (!granted || !isOneMethod(command)) return;
    const refusal = { atMs: this.clock.now(), installedAtMs: granted.installedAtMs };
    const scopes = scopesOf(command);
    setNewest(this.refusals, methodKey(portal, command), refusal, maxRefusals);
    if (scopes.length > 0) setNewest(this.refusals, permissionKey(portal, scopes), refusal, maxRefusals);
  }

  /** @throws Fault insufficient_scope if the portal said so less than a minute ago, and nothing was granted since */
  check(portal: PortalId, command: Command, granted: GrantedPermissions | undefined): void {
    if (this.refusals.size === 0 || !granted || !isOneMethod(command)) return;
    const now = this.clock.now();
    this.forgetBefore(now - believedMs);
    const refusal = this.refusalOf(portal, command, granted);
    if (refusal?.installedAtMs !== granted.installedAtMs) return;
    const seconds = Math.ceil((refusal.atMs + believedMs - now) / 1000);
    const fault = explainRefusal(command, new Fault('insufficient_scope'));
    throw fault.with({
      detail: `${fault.message} The portal refused it for that within the last minute, so nothing was sent. The next call after ${seconds} s is sent.`,
    });
  }

  /** So that calls cost nothing more once no refusal is believed. */
  private forgetBefore(atMs: number): void {
    for (const [key, refusal] of this.refusals) {
      if (refusal.atMs > atMs) return;
      this.refusals.delete(key);
    }
  }

  private refusalOf(portal: PortalId, command: Command, granted: GrantedPermissions): PermissionRefusal | undefined {
    const own = this.refusals.get(methodKey(portal, command));
    if (own?.installedAtMs === granted.installedAtMs || granted.kind === 'webhook') return own;
    const scopes = scopesOf(command);
    return scopes.some((name) => granted.scope.includes(name))
      ? undefined
      : this.refusals.get(permissionKey(portal, scopes));
  }
}

/** Within a batch the portal refuses each command for itself; version 3 has permissions of its own. */
function isOneMethod({ inside, v3 }: Command): boolean {
  return !inside && !v3;
}

function methodKey(portal: PortalId, { method }: Command): string {
  return `${portal} ${method.toLowerCase()}`;
}

/** No method has a comma in its name. */
function permissionKey(portal: PortalId, scopes: readonly string[]): string {
  return `${portal} ${scopes.join()},`;
}

/** The permissions of which a method needs one; none if they are not known. */
function scopesOf({ method }: Command): readonly string[] {
  return vendorCatalog.find(method)?.scopes ?? [];
}
