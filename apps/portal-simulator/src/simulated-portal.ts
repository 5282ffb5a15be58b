import { randomBytes } from 'node:crypto';
import { Authenticator } from './authenticate';
import { handleAuthorize } from './authorize-page';
import type { TokenLedger } from './token-ledger';
import type { SimulatorClock } from './clock';
import { CrmStore } from './crm-store';
import { ListStore } from './list-store';
import { DiskStore } from './disk-store';
import type { Exchange } from './exchange';
import { FileLinks } from './file-links';
import { GroupStore } from './group-store';
import { LeakyCounter } from './leaky-counter';
import { LoopbackServer } from './loopback-server';
import { OperatingBaskets } from './operating-baskets';
import {
  type PortalOptions,
  type PortalSaved,
  type PortalDependencies,
  bucketOf,
  defaultQuirks,
} from './portal-options';
import { post } from './post';
import type { AppRegistration, PortalQuirks, PortalState, RequestLog, Webhook } from './portal-state';
import { RequestJournal } from './request-journal';
import { RestEndpoint } from './rest-endpoint';
import { ScriptedAnswers } from './scripted-answers';
import { RestV3Endpoint } from './rest-v3/rest-v3-endpoint';
import { V3Store } from './rest-v3/v3-store';
import { ScrumStore } from './scrum-store';
import { TaskStore } from './task-store';
import { PortalApp } from './portal-app';
import type { PortalFaultKind } from './fault-kinds';
import { FaultInjector } from './fault-injector';
import {
  type EventOverrides,
  type FrameOverrides,
  type PostedTokens,
  type VendorPost,
  ordinaryPost,
} from './vendor-posts';

/** One simulated portal: its own loopback port, its own limits, data and faults. */
export class SimulatedPortal implements PortalState {
  readonly memberId: string;
  readonly bucket: LeakyCounter;
  readonly operating: OperatingBaskets;
  readonly scrum = new ScrumStore();
  readonly groups = new GroupStore();
  readonly tasks = new TaskStore();
  readonly crm = new CrmStore();
  readonly disk = new DiskStore();
  readonly lists = new ListStore();
  readonly links = new FileLinks(() => this.domain);
  readonly scripts = new ScriptedAnswers();
  readonly v3 = new V3Store();
  readonly faults = new FaultInjector<PortalFaultKind>();
  readonly requests: RequestLog[] = [];
  readonly dismissedUsers = new Set<number>();
  /** User 1 by default otherwise; may change at any time. */
  readonly administrators: Set<number>;
  readonly quirks: PortalQuirks;
  status: string;
  licence: string;
  callbackUrl: string | undefined;
  deleted = false;
  boundEvents: { event: string; handler: string }[] = [];
  webhooks: Webhook[] = [];
  private readonly main = new PortalApp(this, () => this.app);
  private readonly others: PortalApp[] = [];
  private readonly servers: LoopbackServer[] = [];
  private readonly rest: RestEndpoint;
  private readonly restV3: RestV3Endpoint;
  /** Set before anyone else has the portal. */
  private current!: LoopbackServer;
  private homePort = 0;

  private constructor(
    private readonly options: PortalOptions,
    private readonly dependencies: PortalDependencies,
    saved: PortalSaved | undefined,
  ) {
    const { clock } = dependencies;
    this.memberId = saved?.memberId ?? options.memberId ?? randomBytes(16).toString('hex');
    this.status = options.status ?? 'L';
    this.licence = options.licence ?? 'en_basic';
    this.callbackUrl = options.callbackUrl;
    this.administrators = new Set(options.administrators ?? [1]);
    this.quirks = { ...defaultQuirks, ...options.quirks };
    this.bucket = new LeakyCounter(bucketOf(options), clock.now());
    this.operating = new OperatingBaskets(() => clock.now());
    if (options.rotation !== undefined) dependencies.ledger.rotations.set(this.memberId, options.rotation);
    if (saved === undefined) this.fill();
    else this.resume(saved);
    const [authenticator, journal] = [new Authenticator(this), new RequestJournal(this)];
    this.rest = new RestEndpoint(this, authenticator, journal);
    this.restV3 = new RestV3Endpoint(this, authenticator, journal);
  }

  static async open(
    options: PortalOptions,
    dependencies: PortalDependencies,
    saved?: PortalSaved,
  ): Promise<SimulatedPortal> {
    const portal = new SimulatedPortal(options, dependencies, saved);
    portal.current = await portal.listen(options.port ?? 0);
    portal.homePort = portal.current.port;
    if (options.secondPort !== undefined) await portal.listen(options.secondPort);
    return portal;
  }

  get clock(): SimulatorClock {
    return this.dependencies.clock;
  }

  get ledger(): TokenLedger {
    return this.dependencies.ledger;
  }

  get oauthServer(): string {
    return this.dependencies.oauthServer;
  }

  get app(): AppRegistration {
    const shared = this.dependencies.app();
    const { clientId = shared.clientId, clientSecret = shared.clientSecret } = this.options;
    return { ...shared, clientId, clientSecret, callbackUrl: this.callbackUrl ?? shared.callbackUrl };
  }

  /** `127.0.0.1:PORT`; another one after a rename. */
  get domain(): string {
    return this.current.host;
  }

  get endpoint(): string {
    return `http://${this.domain}/rest/`;
  }

  get refusedByBucket(): number {
    return this.bucket.refused;
  }

  /** How high the leaky counter ever stood. */
  get maxLevel(): number {
    return this.bucket.maxLevel;
  }

  get installed(): boolean {
    return this.main.installed;
  }

  get applicationToken(): string {
    return this.main.applicationToken;
  }

  appOf(clientId: string): PortalApp | undefined {
    return [this.main, ...this.others].find((app) => app.clientId === clientId);
  }

  /**
   * A local app beside the one that all portals have: its id and secret are valid on this portal only
   * (docs/bitrix24-rules.md#oauth). What it is registered with is read at each use, so that a secret may be changed.
   * The state file does not keep it.
   */
  addApp(registration: AppRegistration): PortalApp {
    const app = new PortalApp(this, () => registration);
    this.others.push(app);
    return app;
  }

  grantTokens(userId = 1): PostedTokens {
    return this.main.grantTokens(userId);
  }

  installEvent(overrides?: EventOverrides, family?: PostedTokens): VendorPost {
    return this.main.installEvent(overrides, family);
  }

  uninstallEvent(overrides?: EventOverrides): VendorPost {
    return this.main.uninstallEvent(overrides);
  }

  /** An ordinary event, whoever bound it; the names of `data` go on with brackets, as `FIELDS_AFTER][ID`. */
  event(name: string, data: Readonly<Record<string, string>>, overrides?: EventOverrides): VendorPost {
    return ordinaryPost(name, data, this.grantTokens(), this.clock.now(), overrides);
  }

  /**
   * Something happened: really posts the event to every handler that the app bound to it, `times` over as the vendor's
   * queue may, and never again. Answers what each handler answered.
   */
  async happen(
    name: string,
    data: Readonly<Record<string, string>>,
    { times = 1, ...overrides }: EventOverrides & { readonly times?: number } = {},
  ): Promise<{ status: number; body: string }[]> {
    const handlers = this.boundEvents.filter(({ event }) => event === name.toUpperCase()).map(({ handler }) => handler);
    const event = this.event(name.toUpperCase(), data, overrides);
    return Promise.all(handlers.flatMap((handler) => Array.from({ length: times }, () => post(handler, event))));
  }

  framePost(overrides?: FrameOverrides, family?: PostedTokens): VendorPost & { query: string } {
    return this.main.framePost(overrides, family);
  }

  sendInstallEvent(url: string, overrides?: EventOverrides): Promise<{ status: number; body: string }> {
    return this.main.sendInstallEvent(url, overrides);
  }

  sendUninstallEvent(url: string, overrides?: EventOverrides): Promise<{ status: number; body: string }> {
    return this.main.sendUninstallEvent(url, overrides);
  }

  /** The base address of an incoming webhook, ending in a slash; made at the first call. */
  webhookUrl(userId = 1, scopes: readonly string[] = ['task']): string {
    const wanted = [...scopes].sort().join(',');
    let hook = this.webhooks.find((one) => one.userId === userId && [...one.scopes].sort().join(',') === wanted);
    if (hook === undefined) {
      hook = { userId, secret: randomBytes(8).toString('hex'), scopes: [...scopes] };
      this.webhooks.push(hook);
      this.changed();
    }
    return `${this.endpoint}${userId}/${hook.secret}/`;
  }

  revokeWebhooks(): void {
    this.webhooks = [];
    this.changed();
  }

  /** Every access token of this portal is expired from now on; refresh tokens live. */
  expireAccessTokens(): void {
    this.ledger.expireAccessTokens(this.memberId);
    this.changed();
  }

  /** Every family is dead: calls say invalid_token, refreshes invalid_grant. */
  revokeFamilies(): void {
    this.ledger.revokeFamilies(this.memberId);
    this.changed();
  }

  uninstall(): void {
    this.boundEvents = [];
    this.main.uninstall();
  }

  /** The whole portal is gone: PORTAL_DELETED. */
  delete(): void {
    this.deleted = true;
  }

  /** The user is dismissed: refreshes succeed, calls fail with authorization_error (docs/bitrix24-rules.md#oauth). */
  dismissUser(userId: number): void {
    this.dismissedUsers.add(userId);
  }

  /**
   * Moves to a new port, or between its two if it has a second one; from now on the old port redirects (302) to the new
   * one (docs/bitrix24-rules.md#oauth).
   */
  async rename(): Promise<void> {
    const second = this.options.secondPort === undefined ? [] : this.servers.filter((one) => one !== this.current);
    this.current = second[0] ?? (await this.listen(0));
    this.changed();
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }

  changed(): void {
    this.dependencies.changed();
  }

  toSaved(): PortalSaved {
    const { memberId, homePort: port, applicationToken, installed, webhooks, boundEvents } = this;
    const [scrum, groups, tasks] = [this.scrum.toState(), this.groups.toState(), this.tasks.toState()];
    return { memberId, port, applicationToken, installed, webhooks, boundEvents, scrum, groups, tasks };
  }

  private fill(): void {
    for (const user of this.options.users ?? [1, 6]) this.scrum.users.add(user);
    for (const group of this.options.groups ?? [125, 126]) this.scrum.addGroup(group);
    for (const backlog of this.options.backlogs ?? []) this.scrum.addBacklog(backlog);
  }

  private resume(saved: PortalSaved): void {
    this.main.applicationToken = saved.applicationToken;
    this.main.installed = saved.installed;
    this.webhooks = saved.webhooks;
    this.boundEvents = saved.boundEvents;
    this.scrum.restore(saved.scrum);
    this.groups.restore(saved.groups ?? []);
    if (saved.tasks) this.tasks.restore(saved.tasks);
  }

  private async listen(port: number): Promise<LoopbackServer> {
    const server: LoopbackServer = await LoopbackServer.listen((exchange) => this.handle(exchange, server), port);
    this.servers.push(server);
    return server;
  }

  private async handle(exchange: Exchange, server: LoopbackServer): Promise<void> {
    if (server !== this.current) {
      const query = exchange.rawQuery === '' ? '' : `?${exchange.rawQuery}`;
      exchange.redirect(`http://${this.domain}${exchange.path}${query}`);
    } else if (/^\/rest\/+api\//.test(exchange.path)) await this.restV3.handle(exchange);
    else if (exchange.path.startsWith('/rest/')) await this.rest.handle(exchange);
    else if (/^\/oauth\/authorize\/?$/.test(exchange.path)) handleAuthorize(this, exchange);
    else exchange.html(404, '<html><body>404 Not Found</body></html>');
  }
}
