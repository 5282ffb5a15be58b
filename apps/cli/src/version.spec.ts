import { readFileSync } from 'node:fs';
import { version } from './version';

it('the command line has the version of the package', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject({ version });
});
