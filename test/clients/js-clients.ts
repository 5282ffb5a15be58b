import { Bitrix } from '@2bad/bitrix';
import { type AjaxError, B24Hook } from '@bitrix24/b24jssdk';
import type { SdkRoute } from './sdk-world';

interface AxiosRequest {
  readonly url: string;
  readonly headers: { set(name: string, value: string): void };
}
/** The axios instance inside the SDK. */
interface SdkHttp {
  readonly ajaxClient: { interceptors: { request: { use(change: (request: AxiosRequest) => AxiosRequest): void } } };
}

/** A result of `@bitrix24/b24jssdk`. */
interface SdkOutcome {
  readonly isSuccess: boolean;
  getData(): unknown;
  getErrorMessages(): string[];
}
/** Calls a portal by one route and returns what the client returned, or its error. */
export type ClientRun = (route: SdkRoute) => Promise<unknown>;

export function byTwoBad(run: (client: ReturnType<typeof twoBadClient>) => Promise<unknown>): ClientRun {
  return (route) => outcome(run(twoBadClient(route)));
}

export function byB24jssdk(run: (client: B24Hook) => Promise<SdkOutcome>): ClientRun {
  return (route) => outcome(run(b24jssdkClient(route)).then(shown));
}

/** `@2bad/bitrix` with its own defaults, except for the name of the host. */
export function twoBadClient({ base, secret, host }: SdkRoute): ReturnType<typeof Bitrix> {
  return Bitrix(`${base}/rest/1/${secret}`, undefined, host === undefined ? {} : { headers: { host } });
}

/** `@bitrix24/b24jssdk`. It takes https URLs only; the transport below it goes to loopback without TLS. */
function b24jssdkClient({ base, secret, host }: SdkRoute): B24Hook {
  const hook =
    host === undefined
      ? new B24Hook({ b24Url: base, userId: 1, secret })
      : B24Hook.fromWebhookUrl(`https://${host}/rest/1/${secret}/`);
  for (const version of ['v2', 'v3']) {
    const http = hook.getHttpClient(version as Parameters<typeof hook.getHttpClient>[0]) as unknown as SdkHttp;
    http.ajaxClient.interceptors.request.use((request) => onLoopback(request, base, host));
  }
  return hook;
}

function onLoopback(request: AxiosRequest, base: string, host: string | undefined): AxiosRequest {
  if (host === undefined) return { ...request, url: request.url.replace('https:', 'http:') };
  request.headers.set('Host', host);
  return { ...request, url: request.url.replace(`https://${host}`, base) };
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return withoutTimes(await work);
  } catch (error) {
    const { name, code, message, status } = error as AjaxError;
    return { name, code, message, status };
  }
}

function shown(result: SdkOutcome): unknown {
  return { ok: result.isSuccess, data: result.getData(), errors: result.getErrorMessages() };
}

function withoutTimes(value: unknown): unknown {
  const text = JSON.stringify(value ?? null, (name, inner: unknown) =>
    name === 'time' || name === 'result_time' ? undefined : inner,
  );
  return JSON.parse(text);
}
