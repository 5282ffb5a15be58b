import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../scripts/launch/ports.mjs';

const { Bitrix24Simulator } = createRequire(import.meta.url)(
  '../../dist/apps/portal-simulator/apps/portal-simulator/src/index.js',
);
const groups = Array.from({ length: 60 }, (_, i) => 100 + i);
const backlogs = groups.slice(0, 50).map((groupId, i) => ({ id: i + 1, groupId, createdBy: 6, modifiedBy: 1 }));
const names = ['acme', 'globex', 'initech', 'umbrella', 'hooli', 'stark', 'wayne', 'cyberdyne'];
const tags = { acme: ['retail'], globex: ['retail', 'eu'], hooli: ['eu'] };

/** A company with eight portals, some of them unhealthy, whose services are at work: what an operator may meet on a bad day. */
export class CompanyAtWork {
  ended = false;

  /** The vendor, as the benchmarks' ground wants it. */
  startVendor = async () => {
    this.simulator = await Bitrix24Simulator.start({});
    for (const name of names) {
      const licence = name === 'globex' ? 'de_ent250' : 'de_basic';
      await this.simulator.addPortal({ groups, backlogs, users: [1, 6], licence });
    }
    const { clientId, clientSecret, oauthServer } = this.simulator;
    return { about: { clientId, clientSecret, oauthServer }, stop: () => void this.simulator.stop() };
  };

  get portals() {
    return Object.fromEntries(names.map((name, i) => [name, this.simulator.portals[i]]));
  }

  async begin(ground) {
    this.ground = ground;
    const [{ url }] = ground.replicas;
    this.simulator.callbackUrl = `${url}/oauth/callback`;
    for (const [name, portal] of Object.entries(this.portals)) {
      await portal.sendInstallEvent(`${url}/bitrix24/events`);
      await until(() => this.named(name, portal), { tries: 100, everyMs: 100 });
    }
    await this.keys();
    await this.fallIll(url);
    this.works = [this.keepOn(20, () => this.read('acme')), this.keepOn(2, () => this.write('acme'))];
    for (const name of names) this.works.push(this.keepOn(1, () => this.read(name), 400));
    await this.wait();
  }

  async end() {
    this.ended = true;
    await Promise.all(this.works ?? []);
  }

  async named(alias, { memberId }) {
    const body = JSON.stringify({ alias, ...(tags[alias] && { tags: tags[alias] }) });
    return (await this.ground.asAdmin(`portals/${memberId}`, { method: 'PATCH', body })).alias === alias;
  }

  async keys() {
    const client = (name, more) => this.post('clients', { name, scopes: ['backlog:read', 'backlog:write'], ...more });
    this.planning = (await client('planning')).key;
    await client('timesheets', { portals: ['acme', 'globex'], ratePerSecond: 20, burst: 40 });
    this.reports = (await client('reports', { scopes: ['call', 'portals:read'] })).key;
    await client('migration 2027', { expiresAt: new Date(Date.now() + 20 * 86_400_000).toISOString() });
    const app = { clientId: 'local.65f2b8c1d9e0a7.40200131', clientSecret: 'xxxxxxxxxxxxxxxxxxxxxxxx' };
    await this.post('apps', { name: 'acme’s own', ...app });
    const order = { call: { method: 'tasks.api.scrum.backlog.getFields' }, portals: 'all' };
    await this.post('fan-out', order, this.reports, { Prefer: 'respond-async' });
  }

  async fallIll(url) {
    const { initech, umbrella, stark, hooli, wayne } = this.portals;
    await initech.sendUninstallEvent(`${url}/bitrix24/events`);
    umbrella.faults.whenever(() => ({ kind: 'PAYMENT_REQUIRED' }));
    stark.faults.whenever(() => ({ kind: 'cut-before' }));
    for (let calls = 0; calls < 6; calls++) await Promise.all([this.read('stark'), this.read('umbrella')]);
    await this.ground.asAdmin(`portals/${wayne.memberId}`, { method: 'PATCH', body: '{"suspended":true}' });
    this.simulator.oauth.faults.whenever(({ memberId }) =>
      memberId === hooli.memberId ? { kind: 'invalid_grant' } : undefined,
    );
    hooli.expireAccessTokens();
    await this.read('hooli');
  }

  /** Until charts and medians have something to show. */
  wait() {
    return sleep(45_000);
  }

  async keepOn(callers, call, pauseMs = 0) {
    const one = async () => {
      while (!this.ended) {
        await call();
        await sleep(pauseMs + Math.random() * 200);
      }
    };
    await Promise.all(Array.from({ length: callers }, one));
  }

  read(portal) {
    const group = groups[Math.floor(Math.random() * (Math.random() < 0.02 ? 60 : 50))];
    return this.call('GET', `portals/${portal}/groups/${group}/backlog`, this.planning);
  }

  write(portal) {
    const id = 1 + Math.floor(Math.random() * 50);
    return this.call('PATCH', `portals/${portal}/backlogs/${id}`, this.planning, JSON.stringify({ modifiedBy: 6 }));
  }

  post(path, body, key = this.ground.adminKey, headers = {}) {
    return this.call('POST', path, key, JSON.stringify(body), headers);
  }

  async call(method, path, key, body, more = {}) {
    const headers = { Authorization: `Bearer ${key}`, ...(body && { 'Content-Type': 'application/json' }), ...more };
    const request = { method, headers, ...(body && { body }) };
    const answer = await fetch(`${this.ground.replicas[0].url}/v1/${path}`, request);
    const text = await answer.text();
    return text === '' ? {} : JSON.parse(text);
  }
}
