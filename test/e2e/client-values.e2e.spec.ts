import { readFixture } from '../clients/client-fixture';
import { type ForeignClient, foreignClients } from '../clients/client-list';
import { replay } from '../clients/replay-requests';
import { SdkWorld } from '../clients/sdk-world';

const nameOf = ({ name }: ForeignClient) => name;
/** This one splits the commands of a batch at their `&`. */
const withWholeBatches = foreignClients.filter((client) => nameOf(client) !== 'akopdev');
/** Others send text or their own batch. */
const withJsonNumbers = foreignClients.filter((client) =>
  ['b24phpsdk', 'mesilov-sdk', 'b24pysdk', 'pybitrix24'].includes(nameOf(client)),
);

/** Values that a JavaScript object or number would change. */
describe('a request that was recorded from a client', () => {
  let sdks: SdkWorld;

  beforeAll(async () => {
    sdks = await SdkWorld.start();
  });
  afterAll(() => sdks.stop());

  const receivedEverywhere = async (client: ForeignClient, caseName: string) => {
    const requests = readFixture(client).cases[caseName];
    const runs = await sdks.runEverywhere((route) => replay(route, requests));
    return runs.map(({ received }) => received);
  };

  it.each(withWholeBatches)('of $package runs the commands 30, 5 and 77 in this order', async (client) => {
    for (const [batch = '', ...commands] of await receivedEverywhere(client, 'numeric-batch')) {
      expect([...batch.matchAll(/"(\d+)":"(?:crm|no)\./g)].map(([, key]) => key)).toEqual(['30', '5', '77']);
      expect(commands.map((line) => line.trim().split(' ')[0])).toEqual(['crm.deal.update', 'no.such.method']);
    }
  });

  it.each(withJsonNumbers)('of $package has an integer beyond 2^53 with all its digits', async (client) => {
    for (const received of await receivedEverywhere(client, 'big-integer'))
      expect(received).toEqual(['crm.deal.get {"id":9007199254740993}']);
  });
});
