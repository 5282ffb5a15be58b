import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientFixture, writeFixture } from './client-fixture';
import { casesOf, foreignClients } from './client-list';
import { runClient } from './client-process';
import { comparableText } from './comparable-text';
import { RecordingProxy } from './recording-proxy';
import { type SdkRoute, type SdkRun, SdkWorld } from './sdk-world';

/*
 * npm run clients. The folder has the packages of each client; clients without a folder are not run. Each case runs
 * three times: straight, by the path form and by the host form.
 */
const folder = process.env['CLIENTS_FOLDER'] ?? '';
const records = process.env['CLIENTS_RECORD'] === '1';
const certificate = { certFile: join(folder, 'loopback.crt'), keyFile: join(folder, 'loopback.key') };
const available = foreignClients.filter(({ name }) => folder !== '' && existsSync(join(folder, name)));

describe.each(available)('$package $version', (client) => {
  let sdks: SdkWorld;
  const recorded: Record<string, ClientFixture['cases'][string]> = {};

  beforeAll(async () => {
    sdks = await SdkWorld.start();
  });
  afterAll(async () => {
    if (records) writeFixture(client, recorded);
    await sdks.stop();
  });

  const run = async (route: SdkRoute, caseName: string) => {
    if (route.name === 'path' && client.onlyHostForm) return undefined;
    const proxy = await RecordingProxy.start(route, client.https ? certificate : undefined);
    try {
      const output = await runClient(client, folder, proxy.webhookUrl, caseName, certificate.certFile);
      return comparableText(output, route.portal);
    } finally {
      if (route.name === 'direct') recorded[caseName] = [...proxy.recorded];
      await proxy.stop();
    }
  };

  it.each(casesOf(client))('sends and gets the same as at the portal: %s', async (caseName) => {
    const runs = await sdks.runEverywhere((route) => run(route, caseName));
    const [direct, path, host] = caseName === 'list' ? runs.map(unordered) : runs;
    expect(direct?.received).not.toEqual([]);
    expect(host).toEqual(direct);
    if (!client.onlyHostForm) expect(path).toEqual(direct);
  });
});

/** Clients read pages at the same time, and the gateway may put them in one batch. */
function unordered({ received, returned }: SdkRun): SdkRun {
  const commands = received.filter((line) => !line.startsWith('batch ')).map((line) => line.trim());
  return { received: commands.map((line) => line.replace(/:(-?\d+)/g, ':"$1"')).sort(), returned };
}
