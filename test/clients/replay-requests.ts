import { comparableText } from './comparable-text';
import { type RecordedClientRequest, requestBytes } from './client-fixture';
import { rawExchange } from './raw-exchange';
import type { SdkRoute } from './sdk-world';

/** Sends the requests of a case one after the other; returns the answers without their times. */
export async function replay(route: SdkRoute, requests: readonly RecordedClientRequest[] = []): Promise<string[]> {
  const { host: address, pathname } = new URL(route.base);
  const rest = `${pathname === '/' ? '' : pathname}/rest/1/${route.secret}/`;
  const answers: string[] = [];
  for (const request of requests) {
    const { status, body } = await rawExchange(address, requestBytes(request, route.host ?? address, rest));
    answers.push(`${status} ${comparableText(withoutTimes(body), route.portal)}`);
  }
  return answers;
}

/** Works on the text, because an object of JavaScript sorts numeric names. */
function withoutTimes(body: string): string {
  return body.replace(
    /,?"(?:result_)?time":(?:\{[^{}]*\}|\[\]|\{(?:"[^"]*":\{[^{}]*\},?)*\}|\[(?:\{[^{}]*\},?)*\])/g,
    '',
  );
}
