import { HistoryStore, hours, minutes, type Periods } from '@b24/history';
import { type Clock, Fault } from '@b24/portal';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { FromCaller } from '../../http/caller';
import { clockToken } from '../../http/injection-tokens';
import { timeQuery } from '../../http/iso-time';
import { OptionalQuery } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { findUsablePortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import type { CallerContext } from '../../request-line';
import { historySchema, historyView, type TimeSpan, usageSchema, usageView } from './history-view';

const stepSchema = z.enum(['minute', 'hour'], 'Must be minute or hour.').default('minute');
const periodsOf = { minute: minutes, hour: hours } as const;
/** The span that is shown without `since`. */
const usualSpanMs = { minute: minutes.hashMs, hour: hours.hashMs } as const;

@ApiTags('call-log')
@Controller('v1/portals/:portal')
export class HistoryController {
  constructor(
    private readonly history: HistoryStore,
    private readonly portals: PortalDirectory,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Get('history')
  @Operation({
    id: 'getHistory',
    summary: 'Read the history of a portal’s calls',
    description:
      'Calls, failures by code, times, queue length and requests used, by minute for a day and by hour for a month. Written once a minute; periods without calls are left out.',
    scope: 'calls:read',
    status: 200,
    says: 'The history.',
    answer: historySchema,
    faults: ['portal_not_found'],
  })
  @OptionalQuery('step', '`minute` (a day is stored) or `hour` (a month is stored).')
  @OptionalQuery('since', 'Periods that end after this time; an hour ago, or a day ago for hours.')
  @OptionalQuery('until', 'Periods that begin before this time; now.')
  async calls(
    @Param('portal', { schema: portalName }) name: string,
    @Query('step', { schema: stepSchema }) step: 'minute' | 'hour',
    @Query('since', { schema: timeQuery.optional() }) since: number | undefined,
    @Query('until', { schema: timeQuery.optional() }) until: number | undefined,
    @FromCaller() caller: CallerContext,
  ): Promise<z.infer<typeof historySchema>> {
    const portal = await findUsablePortal(this.portals, name, caller);
    const periods = periodsOf[step];
    const span = this.spanOf(periods, since, until);
    return historyView(await this.history.calls(portal, periods, span.sinceMs, span.untilMs), periods, span);
  }

  @Get('usage')
  @Operation({
    id: 'getUsage',
    summary: 'See who uses a portal',
    description:
      'The share of calls and requests by client and method, in whole hours of the last day or whole days of the last month.',
    scope: 'calls:read',
    status: 200,
    says: 'Who uses the portal.',
    answer: usageSchema,
    faults: ['portal_not_found'],
  })
  @OptionalQuery('step', '`minute`: whole hours of the last day. `hour`: whole days of the last month.')
  @OptionalQuery('since', 'The hour or day of this time is the first; that of now.')
  @OptionalQuery('until', 'The hour or day of this time is the last; that of now.')
  async usage(
    @Param('portal', { schema: portalName }) name: string,
    @Query('step', { schema: stepSchema }) step: 'minute' | 'hour',
    @Query('since', { schema: timeQuery.optional() }) since: number | undefined,
    @Query('until', { schema: timeQuery.optional() }) until: number | undefined,
    @FromCaller() caller: CallerContext,
  ): Promise<z.infer<typeof usageSchema>> {
    const portal = await findUsablePortal(this.portals, name, caller);
    const periods = periodsOf[step];
    const now = this.clock.now();
    const { sinceMs, untilMs } = this.spanOf(periods, since ?? until ?? now, until);
    const span = { sinceMs: Math.floor(sinceMs / periods.hashMs) * periods.hashMs, untilMs };
    return usageView(await this.history.usage(portal, periods, span.sinceMs, span.untilMs), span);
  }

  /** Limits a span to what is stored. @throws Fault invalid_request for one that ends before it begins */
  private spanOf(periods: Periods, since: number | undefined, until: number | undefined): TimeSpan {
    const now = this.clock.now();
    const untilMs = Math.min(until ?? now, now) + 1;
    const sinceMs = Math.max(since ?? untilMs - usualSpanMs[periods.name], now - periods.storedMs);
    if (since !== undefined && since >= untilMs)
      throw new Fault('invalid_request', { errors: [{ path: 'since', message: 'Must be before `until` and now.' }] });
    return { sinceMs: Math.min(sinceMs, untilMs), untilMs };
  }
}
