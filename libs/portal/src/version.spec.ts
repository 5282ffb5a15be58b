import { readFileSync } from 'node:fs';
import { version } from './version';

it('the gateway and its command line have the version of the package', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject({ version });
});
