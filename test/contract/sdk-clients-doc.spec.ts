import { readFileSync } from 'node:fs';
import { devDependencies } from '../../package.json';
import { readFixture } from '../clients/client-fixture';
import { foreignClients } from '../clients/client-list';

/** A row of the table in docs/sdk.md begins with the package and its version. */
describe('the table of SDKs in docs/sdk.md', () => {
  const rows = readFileSync('docs/sdk.md', 'utf8')
    .split('\n')
    .flatMap((line) => [/^\| `([^`]+)` +\| (\d+\.[\d.]*\d)/.exec(line)?.slice(1) ?? []])
    .filter((row) => row.length > 0);
  const npmPackages = ['@bitrix24/b24jssdk', '@2bad/bitrix'] as const;

  it('names every client that the tests run, at its version', () => {
    const tested = [
      ...npmPackages.map((name) => [name, devDependencies[name]]),
      ...foreignClients.map(({ package: name, version }) => [name, version]),
    ];
    expect(rows).toEqual(tested);
  });

  it.each(foreignClients)('has recorded requests of the same version: $package', (client) => {
    const { version, commit } = client;
    expect(readFixture(client)).toMatchObject({ package: client.package, version, commit });
  });
});
