import { asFault, type PortalId } from '@b24/portal';
import type { PreparedRequest, QueueOptions } from './queue-options';
import type { Plan } from './rate-limiter';

/** Prepares the requests of one portal, and remembers what that says about the portal. */
export class RequestPreparation {
  /** Whether the portal was found to exist. Callers may name portals that do not. */
  isPortalFound = false;
  /** The plan of the last request. */
  plan: Plan | undefined;

  constructor(
    private readonly portal: PortalId,
    private readonly options: Pick<QueueOptions, 'prepare' | 'ready'>,
  ) {}

  /** Returns what `prepare` would resolve with, if that is in memory. */
  ready(): PreparedRequest | undefined {
    const prepared = this.options.ready?.(this.portal);
    if (prepared) this.onPrepared(prepared);
    return prepared;
  }

  async prepare(): Promise<PreparedRequest> {
    try {
      const prepared = await this.options.prepare(this.portal);
      this.onPrepared(prepared);
      return prepared;
    } catch (error) {
      const { code } = asFault(error);
      // A store that does not answer says nothing about the portal.
      if (code === 'portal_not_found') this.isPortalFound = false;
      else if (code !== 'store_unavailable') this.isPortalFound = true;
      throw error;
    }
  }

  private onPrepared({ plan }: PreparedRequest): void {
    this.isPortalFound = true;
    this.plan = plan;
  }
}
