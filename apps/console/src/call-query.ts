/** The filters of the call log, as the address of the page has them. */
export interface CallPageFilter {
  readonly requestId: string;
  readonly portal: string;
  readonly client: string;
  readonly method: string;
  readonly code: string;
  readonly since: string;
  readonly until: string;
  /** `1` while the page follows the log. */
  readonly follow: string;
}

export const noCallFilter: CallPageFilter = {
  ...{ requestId: '', portal: '', client: '', method: '', code: '', since: '', until: '', follow: '' },
};

/** The code of the choice for all calls that failed. */
export const anyFailure = 'failed';

/** The query for a page of calls. */
export function pageQuery({ requestId, since, until, ...filter }: CallPageFilter, cursor?: string): string {
  const query = sharedQuery(filter);
  if (requestId) query.set('requestId', requestId);
  if (since) query.set('since', new Date(since).toISOString());
  if (until) query.set('until', new Date(until).toISOString());
  if (cursor !== undefined) query.set('cursor', cursor);
  query.set('limit', '50');
  return query.toString();
}

/** The query for the stream of calls, which has no end of its own. */
export function streamQuery(filter: CallPageFilter): string {
  const query = sharedQuery(filter);
  query.set('seconds', '3600');
  return query.toString();
}

function sharedQuery({
  portal,
  client,
  method,
  code,
}: Pick<CallPageFilter, 'portal' | 'client' | 'method' | 'code'>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ portal, client, method })) if (value) query.set(name, value);
  if (code === anyFailure) query.set('failed', 'true');
  else if (code) query.set('code', code);
  return query;
}
