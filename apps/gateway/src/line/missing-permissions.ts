import { type Answer, type Clock, type Command, Fault, type PortalId } from '@b24/portal';
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
    for (const key of [methodKey(portal, command), permissionKey(portal, command)])
      if (key) this.remember(key, refusal);
  }

  /** @throws Fault insufficient_scope if the portal said so less than a minute ago, and nothing was granted since */
  check(portal: PortalId, command: Command, granted: GrantedPermissions | undefined): void {
    if (this.refusals.size === 0 || !granted || !isOneMethod(command)) return;
    const own = this.valid(methodKey(portal, command), granted);
    const refusal = own ?? (lacks(granted, command) ? this.valid(permissionKey(portal, command), granted) : undefined);
    if (!refusal) return;
    const seconds = Math.ceil((refusal.atMs + believedMs - this.clock.now()) / 1000);
    const fault = explainRefusal(command, new Fault('insufficient_scope'));
    throw fault.with({
      detail: `${fault.message} The portal refused it for that within the last minute, so nothing was sent. The next call after ${seconds} s is sent.`,
    });
  }

  private remember(key: string, refusal: PermissionRefusal): void {
    this.refusals.delete(key);
    this.refusals.set(key, refusal);
    for (const oldest of this.refusals.keys()) {
      if (this.refusals.size <= maxRefusals) break;
      this.refusals.delete(oldest);
    }
  }

  private valid(key: string | undefined, { installedAtMs }: GrantedPermissions): PermissionRefusal | undefined {
    const refusal = key === undefined ? undefined : this.refusals.get(key);
    if (!refusal) return undefined;
    const isValid = this.clock.now() - refusal.atMs < believedMs && refusal.installedAtMs === installedAtMs;
    return isValid ? refusal : undefined;
  }
}

/** Within a batch the portal refuses each command for itself; version 3 has permissions of its own. */
function isOneMethod({ inside, v3 }: Command): boolean {
  return !inside && !v3;
}

function methodKey(portal: PortalId, { method }: Command): string {
  return `${portal} ${method.toLowerCase()}`;
}

/** Undefined for a method whose permissions are not known. */
function permissionKey(portal: PortalId, { method }: Command): string | undefined {
  const scopes = vendorCatalog.find(method)?.scopes ?? [];
  return scopes.length > 0 ? `${portal} ${scopes.join()},` : undefined;
}

function lacks({ kind, scope }: GrantedPermissions, { method }: Command): boolean {
  if (kind === 'webhook') return false;
  const scopes = vendorCatalog.find(method)?.scopes ?? [];
  return scopes.length > 0 && !scopes.some((name) => scope.includes(name));
}
