import type { Bindings } from '@b24/events';
import type { PortalRecord } from '@b24/grants';
import type { FastifyBaseLogger } from 'fastify';
import type { Metrics } from '../../operations/metrics';
import type { RequestLine } from '../../request-line';

export interface PortalOnboardingOptions {
  readonly line: Pick<RequestLine, 'installed'>;
  readonly bindings: Pick<Bindings, 'renewed'>;
  readonly metrics: Pick<Metrics, 'arrived'>;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
}

/**
 * Prepares a portal after it is installed or admitted: its rate limiter, plan and events. Does nothing for a waiting
 * portal.
 */
export class PortalOnboarding {
  constructor(private readonly options: PortalOnboardingOptions) {}

  async installed(record: PortalRecord, isNew: boolean): Promise<void> {
    const { portal, domain, waitingSinceMs, byAdministrator } = record;
    const isWaiting = waitingSinceMs !== undefined;
    const { metrics, log } = this.options;
    if (isNew) metrics.arrived(isWaiting ? 'waiting' : 'admitted');
    if (isNew && isWaiting) log.warn({ portal, domain, byAdministrator }, 'a new portal waits to be admitted');
    if (!isWaiting) await this.admitted(record);
  }

  async admitted(record: PortalRecord): Promise<void> {
    const { line, bindings, log } = this.options;
    await line.installed(record);
    // If the store is unavailable now, the daily check catches up.
    await bindings.renewed(record.portal).catch((err: unknown) => {
      log.warn({ portal: record.portal, err }, 'events of a new portal are not bound yet');
    });
  }
}
