import type { AuditLog } from '@b24/access';
import type { FreshGrants } from '@b24/grants';
import type { InstallInbox } from '../installs/install-inbox';
import type { RequestLine } from '../request-line';
import type { Once } from '@b24/writes';

/** The orderly end of a replica: takes no new calls, and waits for what must not be lost. */
export class Drain {
  begun = false;

  constructor(
    private readonly line: RequestLine,
    private readonly grants: FreshGrants,
    private readonly inbox: InstallInbox,
    private readonly once: Once,
    private readonly audit: AuditLog,
  ) {}

  /** Calls that wait are told to go elsewhere; those under way, and refreshes, are left to finish. */
  begin(): void {
    this.begun = true;
    this.line.close();
  }

  /** Resolves when nothing that must not be lost is under way any more, and the audit log is written. */
  async settle(): Promise<void> {
    await Promise.all([this.once.settle(), this.line.settle()]);
    await Promise.all([this.grants.settle(), this.inbox.settle()]);
    await this.audit.settle();
  }
}
