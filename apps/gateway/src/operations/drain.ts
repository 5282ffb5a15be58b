import type { AuditLog } from '@b24/access';
import type { Client } from '@b24/access';
import type { Binder, Courier } from '@b24/events';
import type { Jobs } from '@b24/jobs';
import type { FreshGrants, KeepAlive } from '@b24/grants';
import type { IdempotencyRunner } from '@b24/idempotency';
import type { Live } from '../doors/console/live';
import type { InstallInbox } from '../doors/events/install-inbox';
import type { RequestLine } from '../request-line';
import type { EventInbox } from '../doors/events/event-inbox';

export interface DrainParts {
  readonly line: RequestLine;
  readonly grants: FreshGrants;
  readonly inbox: InstallInbox;
  readonly keepAlive: KeepAlive;
  readonly once: IdempotencyRunner;
  readonly audit: AuditLog;
  readonly events: EventInbox;
  readonly courier: Courier;
  readonly binder: Binder;
  readonly jobs: Jobs<Client>;
  readonly live: Live;
}

/** The orderly end of a replica: takes no new calls, and waits for what must not be lost. */
export class Drain {
  begun = false;

  constructor(private readonly parts: DrainParts) {}

  /** Calls that wait are told to go elsewhere; those under way, and refreshes, are left to finish. */
  begin(): void {
    this.begun = true;
    this.parts.keepAlive.stop();
    this.parts.inbox.stop();
    this.parts.events.stop();
    this.parts.courier.stop();
    this.parts.binder.stop();
    this.parts.jobs.stop();
    this.parts.line.close();
    this.parts.live.close();
  }

  /** Resolves when nothing that must not be lost is under way any more, and the audit log is written. */
  async settle(): Promise<void> {
    const { line, grants, inbox, once, audit, courier, binder, jobs } = this.parts;
    await Promise.all([once.settle(), line.settle(), jobs.settle()]);
    await Promise.all([grants.settle(), inbox.settle(), courier.settle(), binder.settle()]);
    await audit.settle();
  }
}
