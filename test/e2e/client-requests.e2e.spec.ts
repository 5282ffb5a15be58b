import { readFixture } from '../clients/client-fixture';
import { casesOf, foreignClients } from '../clients/client-list';
import { replay } from '../clients/replay-requests';
import { SdkWorld } from '../clients/sdk-world';

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
      const [direct, path, host] = await sdks.runEverywhere((route) => replay(route, cases[caseName]));
      expect(direct?.received).not.toEqual([]);
      expect(path).toEqual(direct);
      expect(host).toEqual(direct);
    });
  });
});
