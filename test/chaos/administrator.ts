import type { PortalActor } from './actors';
import type { Findings } from './findings';
import { pause, type ChaosCluster } from './cluster';
import type { RecordedCalls } from './recorded-calls';
import { adminKey } from '../support/gateway';
import { cutsOf, lastWordsOn } from './observer';

const lookEveryMs = 1000;
/** A grant that is dead for this long will not recover by itself. */
const deadForMs = { strict: 3000, grace: 30_000 };
const deadlineMs = 5000;

/** The administrator of the portals: installs the app, watches it, and reinstalls it where its grant was lost. */
export class Administrator {
  constructor(
    private readonly stage: ChaosCluster,
    private readonly board: RecordedCalls,
    private readonly findings: Findings,
  ) {}

  /** Grants a new token family by an install event to any running replica. */
  async hand({ portal, families }: PortalActor): Promise<void> {
    const { berths, simulator } = this.stage;
    const family = portal.grantTokens();
    families.add(simulator.ledger.familyOf(family.access_token)?.id ?? '');
    const { body, contentType } = portal.installEvent({}, family);
    for (const { url } of berths.filter(({ living }) => living)) {
      const headers = { 'Content-Type': contentType };
      const request = { method: 'POST', headers, body, signal: AbortSignal.timeout(deadlineMs) };
      const answer = await fetch(`${url}/bitrix24/events`, request).catch(() => undefined);
      if (answer?.ok) return;
    }
  }

  /**
   * Waits until a replica reports the portal as active. Sends a new install every few seconds, since an event may be
   * lost.
   */
  async install(actor: PortalActor): Promise<void> {
    for (let looks = 0; (await this.status(actor)) !== 'active'; looks++) {
      if (looks > 120) return this.findings.flaw('grants', `${actor.name} could not be installed`);
      if (looks % 10 === 0) await this.hand(actor);
      await pause(500);
    }
  }

  /** Returns the portal's status at the gateway, or the code of the problem. */
  async status({ portal }: PortalActor, replica?: number): Promise<string | undefined> {
    for (const at of replica === undefined ? this.stage.berths.keys() : [replica]) {
      const path = `/v1/portals/${portal.memberId}`;
      const reported = await this.board.callAt(at, { method: 'GET', path, deadlineMs, key: adminKey });
      if (reported)
        return (reported.body.status === reported.status ? reported.body.code : reported.body.status) as string;
    }
    return undefined;
  }

  /** Reinstalls the app when only an install helps, and reports a flaw if the grant need not have been lost. */
  async lookAfter(actor: PortalActor, over: () => boolean): Promise<void> {
    let badSinceMs: number | undefined;
    for (; !over(); await pause(lookEveryMs)) {
      const status = await this.status(actor);
      const isBad = actor.sentenced ? needsInstall.has(status ?? '') : status === 'reauthorization_required';
      badSinceMs = isBad ? (badSinceMs ?? Date.now()) : undefined;
      if (badSinceMs === undefined || Date.now() - badSinceMs < deadForMs[actor.sentenced ? 'strict' : actor.rotation])
        continue;
      if (!actor.sentenced && !this.hadToBeLost(actor, Date.now() - badSinceMs)) continue;
      badSinceMs = undefined;
      this.findings.installedAgain++;
      actor.families.clear();
      await this.hand(actor);
    }
  }

  /** Returns whether to reinstall. A loss is allowed only in strict rotation, when every token family was cut off. */
  private hadToBeLost(actor: PortalActor, deadMs: number): boolean {
    const cuts = cutsOf(actor, this.stage.simulator, this.stage);
    if (cuts && actor.rotation === 'strict') {
      this.findings.cuts.push(`${actor.name}: ${cuts.join('; ')}`);
      return true;
    }
    if (deadMs < deadForMs.grace) return false;
    this.findings.flaw('grants', `${actor.name} was given up: ${lastWordsOn(actor, this.stage.simulator)}`);
    return true;
  }

  /**
   * Calls the portal through every replica with an expired access token, so that only the stored refresh token can
   * help.
   */
  async tryGrant(actor: PortalActor): Promise<void> {
    for (const replica of this.stage.berths.keys()) {
      actor.portal.expireAccessTokens();
      if (!(await this.works(actor, replica))) return;
    }
  }

  private async works(actor: PortalActor, replica: number): Promise<boolean> {
    const path = `/v1/portals/${actor.portal.memberId}/groups/${actor.standing[0]?.groupId}/backlog`;
    for (const untilMs = Date.now() + 90_000; ;) {
      const reported = await this.board.callAt(replica, { method: 'GET', path, deadlineMs, key: adminKey });
      if (reported?.status === 200) return true;
      const isDead = (await this.status(actor, replica)) === 'reauthorization_required';
      const cuts = isDead && actor.rotation === 'strict' && cutsOf(actor, this.stage.simulator, this.stage);
      if (cuts) {
        this.findings.cuts.push(`${actor.name}: ${cuts.join('; ')}`);
        await this.install(actor);
        return false;
      }
      if (Date.now() > untilMs) {
        this.findings.flaw('grants', `${actor.name} does not work: ${JSON.stringify(reported?.body)}`);
        return false;
      }
      await pause(500);
    }
  }
}

const needsInstall = new Set([
  ...['reauthorization_required', 'payment_required', 'uninstalled', 'deleted', 'authorization_server_error'],
]);
