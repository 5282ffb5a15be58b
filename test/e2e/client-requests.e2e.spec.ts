import { type ClientFixture, readFixture, requestBytes } from '../clients/client-fixture';
import { casesOf, foreignClients } from '../clients/client-list';
import { rawExchange } from '../clients/raw-exchange';
import { type SdkRoute, SdkWorld } from '../clients/sdk-world';

/** The bytes that PHP and Python clients sent, in test/clients/fixtures; `npm run clients` runs the clients themselves. */
describe('requests that were recorded from a client', () => {
  let sdks: SdkWorld;

  beforeAll(async () => {
    sdks = await SdkWorld.start();
  });
  afterAll(() => sdks.stop());

  describe.each(foreignClients)('$package $version', (client) => {
    const { cases } = readFixture(client);

    it.each(casesOf(client))('reach the portal as if they were sent to it: %s', async (caseName) => {
      const [direct, path, host] = await sdks.runEverywhere((route) => send(route, cases[caseName]));
      expect(direct?.received).not.toEqual([]);
      expect(path).toEqual(direct);
      expect(host).toEqual(direct);
    });
  });
});

/** Sends the requests of a case one after the other; returns the answers without their times. */
async function send(route: SdkRoute, requests: ClientFixture['cases'][string] = []): Promise<string[]> {
  const { host: address, pathname } = new URL(route.base);
  const rest = `${pathname === '/' ? '' : pathname}/rest/1/${route.secret}/`;
  const answers: string[] = [];
  for (const request of requests) {
    const { status, body } = await rawExchange(address, requestBytes(request, route.host ?? address, rest));
    answers.push(`${status} ${comparableAnswer(body)}`);
  }
  return answers;
}

/** Text, because an object of JavaScript sorts numeric names. Links of files carry a token that is new in each answer. */
function comparableAnswer(body: string): string {
  return body
    .replace(/,?"(?:result_)?time":(?:\{[^{}]*\}|\[\]|\{(?:"[^"]*":\{[^{}]*\},?)*\}|\[(?:\{[^{}]*\},?)*\])/g, '')
    .replace(/("uploadUrl":")[^"]*/g, '$1{link}');
}
