import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Attacker } from '../../../test/support/attacker';
import { HandClock } from '../../../test/support/hand-clock';
import { TestAuthority } from '../../../test/support/test-authority';
import { TlsFront } from '../../../test/support/tls-front';
import { Egress } from './egress';
import { portalPost } from './portal-post';
import { readCaFile } from './read-ca-file';
import { undiciAdapter } from './undici-adapter';

const limits = { connectTimeoutMs: 5000, maxAnswerBytes: 1024 * 1024, connections: 2, connectionsInAll: 64 };
const body = { type: 'application/json', text: '{}' } as const;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('TLS sessions of portals', () => {
  let authority: TestAuthority;
  let portal: Attacker;

  beforeAll(async () => {
    authority = TestAuthority.create('Corp Root');
    portal = await Attacker.listen();
  });
  afterAll(async () => {
    await portal.stop();
    authority.remove();
  });

  it('are resumed by later connections, also after a garbage collection, and by each server for itself', async () => {
    const credentials = authority.issue('IP:127.0.0.1');
    const fronts = [await TlsFront.before(portal.host, credentials), await TlsFront.before(portal.host, credentials)];
    const egress = new Egress({ caFiles: [readCaFile(authority.caFile)] });
    const { dispatcher, close } = undiciAdapter({ ...limits, mayConnect: () => true, egress });
    const { maxAnswerBytes } = limits;
    const post = portalPost({ dispatcher, clock: new HandClock(), maxAnswerBytes, isAllowed: () => true });
    for (const front of fronts) {
      front.endsConnections = true;
      for (let n = 0; n < 3; n++) {
        await post(`https://127.0.0.1:${front.port}/`, body, { timeoutMs: 1000 });
        collectGarbage();
      }
    }
    expect(fronts.map(({ resumed }) => resumed)).toEqual([
      [false, true, true],
      [false, true, true],
    ]);
    await close();
    await Promise.all(fronts.map((front) => front.stop()));
  });
});
