import fc from 'fast-check';
import { findMethod } from '../../apps/portal-simulator/src/methods';
import type { RequestLog } from '../../apps/portal-simulator/src/portal-state';
import { type AccessAttempt, attempts, doors, type EntryPoint } from './attempts';
import { declaredScope, offence } from './oracle';
import { AuthorizationWorld } from './world';
import { firstMark, type AttemptRequest, sentOf } from './wire';

/*
 * npm run fuzz:access -- --requests 20000 --seed 7 --log
 * Whatever is asked, by whichever door and key: a portal never receives a command that an oracle, which knows nothing of
 * the gateway, says the key may not run; and every write that ran is in the audit log.
 */
const count = Number(process.env['ACCESS_REQUESTS'] ?? 1500);
const seed = Number(process.env['ACCESS_SEED'] ?? Date.now() % 1_000_000_000);
const atOnce = 20;

/** What the gateway asks on its own account. */
const ownQuestions = new Set(['app.info', 'profile', 'scope', 'events', 'event.get', 'event.bind', 'event.unbind']);

interface AttemptResult {
  readonly attempt: AccessAttempt;
  readonly sent: AttemptRequest;
  status: number;
  /** Of a problem of the gateway's own. */
  code?: string;
}

describe('whoever asks whatever', () => {
  let world: AuthorizationWorld;
  const asked: AttemptResult[] = [];

  beforeAll(async () => {
    world = await AuthorizationWorld.start(seed);
    for (const { requests } of world.portals) requests.length = 0;
  }, 60_000);
  afterAll(() => world.stop());

  const askAll = async () => {
    const queue = fc.sample(attempts, { seed, numRuns: count }).entries();
    const worker = async () => {
      for (const [number, attempt] of queue) {
        const sent = sentOf(attempt, world.placeOf(attempt, number));
        const it: AttemptResult = { attempt, sent, status: 0 };
        asked[number] = it;
        const response = await fetch(`${world.gateway.url}${sent.path}`, sent.init).catch(() => undefined);
        it.status = response?.status ?? 0;
        const text = await response?.text().catch(() => undefined);
        const code = /"code":"(\w+)"/.exec(text ?? '')?.[1];
        if (code !== undefined) it.code = code;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    await world.settled();
  };

  /** Which request a command came from: by its mark. */
  const numberOf = ({ params }: RequestLog): number | undefined => {
    const text = JSON.stringify(params);
    const mark = /"m(\d+)\.\d+"/.exec(text)?.[1];
    if (mark !== undefined) return Number(mark);
    const id = /\b1\d{6}\b/.exec(text)?.[0];
    return id === undefined ? undefined : Number(id) - firstMark;
  };

  const show = (number: number) => {
    const { attempt, sent } = asked[number]!;
    const body = typeof sent.init.body === 'string' ? sent.init.body : '';
    const rights = { ...world.rightsOf(attempt), key: undefined };
    return `request ${number} of seed ${seed}: ${attempt.door} ${sent.init.method ?? 'GET'} ${sent.path.replace(/b24_[\w-]{43}/, 'KEY')} ${body} by ${JSON.stringify(rights)}`;
  };

  it('reaches a portal with nothing but what its key may run, and leaves its writes in the audit log', async () => {
    await askAll();
    const audited = await world.audited();
    const offences: string[] = [];
    const reached = new Map<EntryPoint, number>();
    let commands = 0;
    let writes = 0;
    for (const portal of world.portals) {
      for (const log of portal.requests) {
        const isBatch = log.method.toLowerCase() === 'batch' && log.batchOf === undefined;
        if (isBatch) {
          const others = Object.keys(log.params).filter((name) => name !== 'cmd' && name !== 'halt');
          if (others.length > 0) offences.push(`a batch with ${others.join(', ')}`);
          continue;
        }
        const number = numberOf(log);
        if (number === undefined) {
          if (!ownQuestions.has(log.method))
            offences.push(`${log.method} came from nobody: ${JSON.stringify(log.params)}`);
          continue;
        }
        commands++;
        const { attempt, sent } = asked[number]!;
        reached.set(attempt.door, (reached.get(attempt.door) ?? 0) + 1);
        const scope = sent.scope === 'call' ? 'call' : declaredScope(log.method);
        const why = offence(world.rightsOf(attempt), { scope, portal: portal.memberId, method: log.method });
        if (why) offences.push(`${log.method} ${why}; ${show(number)}`);
        if (!log.executed) continue;
        if (findMethod(log.method)?.writes !== true) continue;
        writes++;
        if (!audited.has(`az-${number}`)) offences.push(`${log.method} is not in the audit log; ${show(number)}`);
      }
    }
    const reported = doors.map((door) => `${door} ${reached.get(door) ?? 0}`).join(', ');
    process.stdout.write(
      `\nseed ${seed}: ${asked.length} requests, ${commands} commands reached portals, ${writes} writes ran, ${offences.length} offences\nreached by door: ${reported}\n`,
    );
    expect(offences.slice(0, 5).join('\n')).toBe('');
    expect(asked.length).toBe(count);
    // Or else it would show nothing: a good part is allowed, by every door, and a good part is not.
    expect(commands).toBeGreaterThan(count / 8);
    expect(doors.filter((door) => !reached.has(door))).toEqual([]);
    expect(asked.filter(({ status }) => status === 403 || status === 404).length).toBeGreaterThan(count / 8);
    expect(asked.filter(({ status }) => status >= 500).length).toBe(0);
    expect(world.gateway.errors).toBe('');
  }, 3_600_000);

  it('is not refused what its key may do, where it is asked plainly', () => {
    const plain = asked.flatMap(({ attempt, code = '' }, number) => {
      const { door, portal, commands } = attempt;
      const [command] = commands;
      if (door !== 'call' || !command || command.text !== command.method || portal.by === 'nobody') return [];
      const to = { scope: 'call', portal: world.portals[portal.index]!.memberId, method: command.method };
      if (offence(world.rightsOf(attempt), to)) return [];
      return [{ number, isRefused: ['not_allowed', 'portal_not_found'].includes(code) }];
    });
    expect(plain.length).toBeGreaterThan(count / 300);
    expect(plain.filter(({ isRefused }) => isRefused).map(({ number }) => show(number))).toEqual([]);
  });
});
