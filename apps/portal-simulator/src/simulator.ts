import { randomBytes } from 'node:crypto';
import { TokenLedger, type LedgerOptions } from './token-ledger';
import { SimulatorClock } from './clock';
import { handleControl } from './control-endpoint';
import { DemoFailures } from './demo-failures';
import type { Exchange } from './exchange';
import { LoopbackServer } from './loopback-server';
import { OauthServer } from './oauth-server';
import type { AppRegistration } from './portal-state';
import type { PortalOptions, PortalSaved } from './portal-options';
import { SimulatedPortal } from './simulated-portal';
import { StateFile } from './state-file';
import type { TokenEndpointOptions } from './token-endpoint';

export interface SimulatorOptions {
  clock?: SimulatorClock;
  /** Port of the authorization server; 0 (or none) takes any. */
  port?: number;
  clientId?: string;
  clientSecret?: string;
  scope?: readonly string[];
  callbackUrl?: string;
  /** What happens to a used refresh token (docs/bitrix24-rules.md#oauth); `strict` by default. */
  rotation?: 'strict' | 'grace';
  graceMs?: number;
  accessTokenLifetimeMs?: number;
  optionalFields?: TokenEndpointOptions['optionalFields'];
  describeErrors?: boolean;
  stateFile?: string;
  /** Portals to open before the health endpoint says ok. */
  portals?: readonly PortalOptions[];
}

/** The vendor: one authorization server and any number of portals, each on its own loopback port. */
export class Bitrix24Simulator {
  readonly clock: SimulatorClock;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The app's return address; a portal may have its own. */
  callbackUrl: string | undefined;
  readonly oauth: OauthServer;
  readonly ledger: TokenLedger;
  private readonly opened: SimulatedPortal[] = [];
  private readonly failures = new DemoFailures();
  private readonly scope: readonly string[];
  private readonly file: StateFile | undefined;
  private saved: PortalSaved[];
  private server: LoopbackServer | undefined;
  private ready = false;

  private constructor(options: SimulatorOptions) {
    this.clock = options.clock ?? new SimulatorClock();
    this.file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
    const saved = this.file?.read();
    this.saved = [...(saved?.portals ?? [])];
    this.clientId = options.clientId ?? saved?.clientId ?? `local.${randomBytes(7).toString('hex')}.40200131`;
    this.clientSecret = options.clientSecret ?? saved?.clientSecret ?? randomBytes(25).toString('hex');
    this.scope = options.scope ?? ['task', 'user', 'sonet_group', 'socialnetwork'];
    this.callbackUrl = options.callbackUrl;
    this.ledger = new TokenLedger(ledgerOptions(options), this.clock);
    if (saved !== undefined) this.ledger.restore(saved.ledger);
    this.oauth = this.makeOauth(options);
  }

  static async start(options: SimulatorOptions = {}): Promise<Bitrix24Simulator> {
    const simulator = new Bitrix24Simulator(options);
    simulator.server = await LoopbackServer.listen((exchange) => simulator.handle(exchange), options.port ?? 0);
    try {
      for (const portal of options.portals ?? []) await simulator.addPortal(portal);
    } catch (error) {
      await simulator.stop();
      throw error;
    }
    simulator.save();
    simulator.ready = true;
    return simulator;
  }

  /** The authorization server, for example `http://127.0.0.1:41234`. */
  get oauthServer(): string {
    if (this.server === undefined) throw new Error('The simulator does not listen yet.');
    return `http://${this.server.host}`;
  }

  get portals(): readonly SimulatedPortal[] {
    return this.opened;
  }

  /** Opens a portal; one the state file knows (by member id or port) goes on where it was. */
  async addPortal(options: PortalOptions = {}): Promise<SimulatedPortal> {
    const saved = this.saved.find((one) =>
      options.memberId === undefined ? one.port === options.port : one.memberId === options.memberId,
    );
    const { clock, ledger, oauthServer } = this;
    const dependencies = { clock, ledger, oauthServer, app: () => this.app, changed: () => this.save() };
    const portal = await SimulatedPortal.open(options, dependencies, saved);
    this.saved = this.saved.filter((one) => one !== saved);
    this.opened.push(portal);
    this.save();
    return portal;
  }

  async stop(): Promise<void> {
    await Promise.all([this.server?.close(), ...this.opened.map((portal) => portal.stop())]);
  }

  private get app(): AppRegistration {
    const { clientId, clientSecret, scope, callbackUrl } = this;
    return { clientId, clientSecret, scope, callbackUrl };
  }

  private makeOauth(options: SimulatorOptions): OauthServer {
    const directory = {
      byMemberId: (memberId: string) => this.opened.find((portal) => portal.memberId === memberId),
      appOf: (clientId: string) =>
        clientId === this.clientId
          ? this.app
          : this.opened.flatMap((one) => one.appOf(clientId)?.registration ?? [])[0],
    };
    const endpoint = {
      optionalFields: options.optionalFields ?? 'documented',
      describeErrors: options.describeErrors ?? true,
    };
    return new OauthServer(
      endpoint,
      this.ledger,
      directory,
      this.clock,
      () => this.save(),
      () => this.oauthServer,
    );
  }

  private async handle(exchange: Exchange): Promise<void> {
    if (exchange.path.startsWith('/_simulator')) {
      const { ready, failures } = this;
      await handleControl(exchange, this.opened, { ready, failures });
    } else {
      exchange.dated(this.clock.now());
      await this.oauth.handle(exchange);
    }
  }

  private save(): void {
    if (this.file === undefined) return;
    const { clientId, clientSecret } = this;
    const portals = [...this.saved, ...this.opened.map((portal) => portal.toSaved())];
    this.file.write({ version: 1, clientId, clientSecret, ledger: this.ledger.toState(), portals });
  }
}

function ledgerOptions(options: SimulatorOptions): LedgerOptions {
  return {
    rotation: options.rotation ?? 'strict',
    graceMs: options.graceMs ?? 60_000,
    accessTokenLifetimeMs: options.accessTokenLifetimeMs ?? 3_600_000,
  };
}
