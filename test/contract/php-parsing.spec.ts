import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { Bitrix24Simulator, type SimulatedPortal } from '../../apps/portal-simulator/src';

type Kind = 'form' | 'text' | 'json' | 'command';

/** A text in bytes, one a character. */
interface Case {
  readonly kind: Kind;
  readonly bytes: string;
}

const script = join(__dirname, 'php-parsing.php');
const recorded = JSON.parse(readFileSync(join(__dirname, 'php-parsing.json'), 'utf8')) as (Case & { php: string })[];
const hasPhp = spawnSync('php', ['-v']).status === 0;

/** Real PHP with the limits of the vendor's machines; one process for all texts. */
class Php {
  private readonly child: ChildProcess = spawn(
    'php',
    ['-d', 'max_input_vars=10000', '-d', 'display_errors=stderr', '-d', 'memory_limit=1G', script],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  private readonly lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();

  async parse({ kind, bytes }: Case): Promise<string> {
    this.child.stdin!.write(`${kind} ${Buffer.from(bytes, 'latin1').toString('base64')}\n`);
    return (await this.lines.next()).value as string;
  }

  stop(): void {
    this.child.stdin!.end();
  }
}

const pieces = (...texts: string[]) => fc.array(fc.constantFrom(...texts), { maxLength: 9 }).map((it) => it.join(''));

const formBytes = pieces(
  ...['a', 'b', '0', '1', '-5', '7', '01', 'x', '=', '=', '=', '&', '&', '&', '[', ']', '[]', '[a]', '[0]', '[-5]'],
  ...['[ ]', '[ a]', '.', ' ', '+', '%20', '%00', '%5B', '%5D', '%E9', '%D0%96', '\xe9', '\xd0\x96', '%zz', '%', ';'],
  ...['[9223372036854775807]', '[-9223372036854775808]', '[9223372036854775808]', '__proto__', 'constructor', '%26'],
);

const numbers = ['1', '-0', '1.10', '9007199254740993', '9223372036854775808', '-9223372036854775808', '1E400', '1e-7'];

const jsonBytes = fc
  .oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .dictionary(fc.constantFrom('5', '1', '0', '-1', '01', 'a', '', '__proto__', 'constructor'), fc.anything())
      .map(text),
    fc
      .array(fc.constantFrom('"5":1', '"1":2', '"a":[]', '"a":{}', '"":"\\ud83d\\ude00"', '"5":[1,{"2":3,"1":4}]'))
      .map(wrapped('{}')),
    fc.array(fc.constantFrom(...numbers, '"Ж"', '"\\u0000"', ' [ ] ', '{"":null}')).map(wrapped('[]')),
    pieces(
      ...['{', '}', '[', ']', '"a":', '"5":', '1', '1.10', '01', '.5', '-', ',', '"x"', '"\\"', ' ', '\n', '/**/'],
      ...['"\\ud83d"', '"\\ude00\\ud83d"', 'true', 'TRUE', 'nul', '\ufeff', '\v', '\0'],
    ),
  )
  .map((it) => Buffer.from(it, 'utf8').toString('latin1'));

const commandBytes = fc
  .oneof(
    fc
      .tuple(fc.constantFrom('lab.echo', 'Crm.Deal.Get', ' lab.echo', '/lab.echo', ''), formBytes)
      .map((it) => it.join('?')),
    pieces(
      ...[
        'a',
        'lab.echo',
        '?',
        '?',
        '/',
        '//',
        '///',
        ':',
        ':80',
        ':0',
        ':99999',
        ':1a',
        '#',
        '@',
        '[::1]',
        'http',
        'file',
      ],
      ...['http://', 'file://', 'mailto:', ' ', '\t', '\x7f', 'a=1', '&b[]=2', '_', '.', '-'],
    ),
  )
  .filter((it) => !/[\x80-\xff]/.test(it));

function wrapped(brackets: string): (items: readonly string[]) => string {
  return (items) => `${brackets[0]}${items.join(',')}${brackets[1]}`;
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) => (typeof it === 'bigint' ? `${it}` : it)) ?? 'null';
}

function repeated(count: number, part: (index: number) => string, between = ''): string {
  return Array.from({ length: count }, (_, index) => part(index)).join(between);
}

const limits: Case[] = [
  ...[63, 64, 65, 66].map((depth) => ({ kind: 'form' as const, bytes: `a=1&b${'[x]'.repeat(depth)}=2&b[y]=3` })),
  ...[510, 511, 512].map((depth) => ({ kind: 'json' as const, bytes: '['.repeat(depth) + ']'.repeat(depth) })),
  ...[510, 511, 512].map((depth) => ({
    kind: 'json' as const,
    bytes: `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
  })),
  { kind: 'text', bytes: repeated(10_003, (index) => `v${index}=${index}`, '&') },
  { kind: 'form', bytes: repeated(10_003, (index) => `v[]=${index}`, '&') },
];

function samples(): Case[] {
  const of = (kind: Kind, bytes: fc.Arbitrary<string>, numRuns: number) =>
    fc.sample(bytes, { seed: 20_261_127, numRuns }).map((it) => ({ kind, bytes: it }));
  return [
    ...of('form', formBytes, 120),
    ...of('text', formBytes, 60),
    ...of('json', jsonBytes, 200),
    ...of('command', commandBytes, 120),
  ];
}

/** Integers without a sign for zero; decimals, and what is beyond 64 bits, as the digits of their bits. */
function numbersShown(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : shown(token),
  );
}

function shown(number: string): string {
  if (/^-?\d+$/.test(number) && BigInt.asIntN(64, BigInt(number)) === BigInt(number)) return `${BigInt(number)}`;
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(Number(number));
  return `<${bits.toString('hex')}>`;
}

describe('What the simulator reads of a request', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ burst: 1_000_000 });
  });

  afterAll(() => simulator.stop());

  async function read({ kind, bytes }: Case): Promise<string> {
    const types = { form: 'application/x-www-form-urlencoded', text: 'text/plain', json: 'application/json' };
    const isCommand = kind === 'command';
    const body = isCommand ? JSON.stringify({ cmd: { a: bytes } }) : Buffer.from(bytes, 'latin1');
    const headers = { 'content-type': types[isCommand ? 'json' : kind] };
    const url = portal.webhookUrl() + (isCommand ? 'batch' : 'lab.echo');
    await (await fetch(url, { method: 'POST', headers, body })).arrayBuffer();
    const { method, received } = portal.requests.splice(0).at(-1)!;
    return numbersShown(isCommand ? `${JSON.stringify(method)} ${received}` : received);
  }

  async function differences(cases: readonly Case[], php: (one: Case) => Promise<string> | string): Promise<unknown[]> {
    const found = [];
    for (const one of cases) {
      const [real, simulated] = [await php(one), await read(one)];
      if (real !== simulated) found.push({ ...one, real: real.slice(0, 300), simulated: simulated.slice(0, 300) });
    }
    return found;
  }

  it('is what PHP 8 was recorded to read', async () => {
    const byCase = new Map(recorded.map((row) => [row.kind + row.bytes, row.php]));
    expect(recorded.length).toBeGreaterThan(200);
    expect(await differences(recorded, ({ kind, bytes }) => byCase.get(kind + bytes) ?? '')).toEqual([]);
  });

  (hasPhp ? it : it.skip)(
    'is what PHP on this machine reads, in recorded, generated and largest texts',
    async () => {
      const php = new Php();
      const found = await differences([...recorded, ...samples(), ...limits], (one) => php.parse(one));
      php.stop();
      expect(found).toEqual([]);
    },
    120_000,
  );
});
