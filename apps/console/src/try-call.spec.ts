import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { curlOf, urlOf } from './try-call';

/** The words a shell makes of the command, with a key in its environment. */
function wordsOf(command: string): string[] {
  const shown = command.replace(/^curl/, `printf '%s\\0'`);
  return spawnSync('sh', ['-c', shown], { env: { KEY: 'b24_key' } })
    .stdout.toString()
    .split('\0');
}

describe('a call of the try-it panel', () => {
  it('is a curl that a shell reads as the same call, whatever is in its body', () => {
    const text = fc.string({ unit: fc.constantFrom("'", '"', '$', '`', '\\', '!', ';', 'a', ' ', 'é') });
    fc.assert(
      fc.property(text, (name) => {
        const words = wordsOf(curlOf('PATCH', 'http://gw/v1/x', JSON.stringify({ name })));
        expect(words).toContain('Authorization: Bearer b24_key');
        expect(words).toContain(JSON.stringify({ name }));
        expect(words).toContain('PATCH');
      }),
      { numRuns: 40 },
    );
  });

  it('has its values in the path and the query, and what is missing stays in view', () => {
    const parameters = [
      { name: 'portal', in: 'path' },
      { name: 'limit', in: 'query' },
      { name: 'cursor', in: 'query' },
    ] as const;
    const url = (values: Record<string, string>) => urlOf('/v1/portals/{portal}', parameters, values);
    expect(url({ portal: 'a/b', limit: '5' })).toBe('/v1/portals/a%2Fb?limit=5');
    expect(url({})).toBe('/v1/portals/{portal}');
  });
});
