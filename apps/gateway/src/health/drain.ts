import type { AuditLog } from '@b24/access';
import type { FreshGrants, KeepAlive } from '@b24/grants';
import type { Once } from '@b24/writes';
import type { Live } from '../console/live';
import type { InstallInbox } from '../installs/install-inbox';
import type { RequestLine } from '../request-line';

export interface DrainParts {
  readonly line: RequestLine;
  readonly grants: FreshGrants;
  readonly inbox: InstallInbox;
  readonly keepAlive: KeepAlive;
  readonly once: Once;
  readonly audit: AuditLog;
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
    this.parts.line.close();
    this.parts.live.close();
  }

  /** Resolves when nothing that must not be lost is under way any more, and the audit log is written. */
  async settle(): Promise<void> {
    const { line, grants, inbox, once, audit } = this.parts;
    await Promise.all([once.settle(), line.settle()]);
    await Promise.all([grants.settle(), inbox.settle()]);
    await audit.settle();
  }
}
