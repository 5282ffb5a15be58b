import type { FreshGrants, KeepAlive } from '@b24/grants';
import type { InstallInbox } from '../installs/install-inbox';
import type { RequestLine } from '../request-line';

/** The orderly end of a replica: takes no new calls, and waits for what must not be lost. */
export class Drain {
  begun = false;

  constructor(
    private readonly line: RequestLine,
    private readonly grants: FreshGrants,
    private readonly inbox: InstallInbox,
    private readonly keepAlive: KeepAlive,
  ) {}

  /** Calls that wait are told to go elsewhere; those under way, and refreshes, are left to finish. */
  begin(): void {
    this.begun = true;
    this.keepAlive.stop();
    this.inbox.stop();
    this.line.close();
  }

  /** Resolves when no refresh and no install is under way. */
  async settle(): Promise<void> {
    await Promise.all([this.grants.settle(), this.inbox.settle()]);
  }
}
