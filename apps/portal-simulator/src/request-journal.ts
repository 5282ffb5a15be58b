import type { Exchange } from './exchange';
import { inputOf } from './php-input';
import { phpJson } from './php-json';
import type { PortalState, RequestLog } from './portal-state';
import type { RestCall } from './rest-call';

type LoggedRequest = Pick<Exchange, 'httpMethod'> & Partial<Pick<Exchange, 'received' | 'header'>>;

/** Writes the log of requests that tests read: one entry for each request and for each command of a batch. */
export class RequestJournal {
  private lastId = 0;

  constructor(private readonly portal: PortalState) {}

  open(call: RestCall, request: LoggedRequest, more: Pick<RequestLog, 'batchOf' | 'version'> = {}): RequestLog {
    const { credentials } = call;
    const log: RequestLog = {
      id: (this.lastId += 1),
      at: this.portal.clock.now(),
      method: call.method ?? '',
      params: inputOf(call.received),
      received: phpJson(call.received),
      ...requestFields(request),
      authVia: call.authVia,
      token: 'token' in credentials ? credentials.token : undefined,
      tokenInUrl: call.tokenInUrl,
      ...more,
      executed: false,
      httpStatus: 0,
      outcome: 'pending',
    };
    this.portal.requests.push(log);
    return log;
  }
}

/** Commands of a batch have the HTTP method only. */
function requestFields({ httpMethod, received, header }: LoggedRequest) {
  if (received === undefined || header === undefined) return { httpMethod };
  const { length, files } = received;
  return { httpMethod, contentType: header('content-type'), bodyBytes: length, files };
}
