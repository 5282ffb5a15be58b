import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings, settingNames } from '../../apps/gateway/src/settings';
import { adminKey, encryptionKeys } from '../support/gateway';
import { sharedFrom } from '../support/shipped-settings';

interface ComposeService {
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets: Readonly<Record<string, { readonly environment: string }>>;
  readonly networks: Readonly<Record<string, { internal?: boolean; ipam?: { config: { subnet: string }[] } } | null>>;
}

const text = (...path: string[]) => readFileSync(join(...path), 'utf8');
const compose = parse(text('docker/compose.yaml')) as Compose;
const service = (name: string): ComposeService => compose.services[name] ?? {};
const on = (network: string) =>
  Object.entries(compose.services).flatMap(([name, it]) => (it.networks?.includes(network) ? [name] : []));

describe('the compose file', () => {
  it('believes the word of its own proxy network on where a request comes from, and of nothing wider', () => {
    const trusted = sharedFrom(service('gateway').environment?.['TRUSTED_PROXIES'] ?? '');
    expect(trusted).toEqual([{ range: compose.networks['edge']?.ipam?.config[0]?.subnet, hosts: 256 }]);
    expect(on('edge').sort()).toEqual(['gateway', 'proxy']);
    expect(on('edge')).not.toContain('redis');
  });

  it('is allowed by the schema of compose files, which refuses a mistyped key', () => {
    const schema = JSON.parse(text('node_modules/dclint/schemas/compose.schema.json')) as { $schema?: string };
    // Ajv knows draft 7 by another URL, and takes it for the default.
    delete schema.$schema;
    const isAllowed = new Ajv({ strict: false, formats: { duration: true } }).compile(schema);
    expect([isAllowed(compose), isAllowed.errors]).toEqual([true, null]);
    expect(isAllowed({ ...compose, services: { gateway: { ...service('gateway'), netwroks: ['edge'] } } })).toBe(false);
  });

  it('gives the gateway settings that it knows and takes', () => {
    const example = Object.fromEntries(
      [...text('docker/.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    const filled: Readonly<Record<string, string>> = {
      ...example,
      ...{
        ADMIN_KEY: adminKey,
        ENCRYPTION_KEYS: encryptionKeys,
        REDIS_PASSWORD: 'f00d',
        METRICS_TOKEN: 'f00d'.repeat(8),
      },
    };
    const environment = service('gateway').environment ?? {};
    expect(Object.keys(environment).filter((name) => !settingNames.includes(name))).toEqual([]);
    const used = Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+):[^}]*\}/g, (_all, variable: string) => filled[variable] ?? 'missing'),
    ]);
    const settings = readSettings(Object.fromEntries(used) as Record<string, string>);
    expect(settings).toMatchObject({ redisUrl: 'redis://:f00d@redis:6379', publicUrl: example['PUBLIC_URL'] });
    const needed = [...text('docker/compose.yaml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    const secretSources = Object.values(compose.secrets).map(({ environment: name }) => name);
    expect(Object.keys(example).filter((name) => !needed.includes(name) && !secretSources.includes(name))).toEqual([]);
  });

  it('publishes ports of its proxy only, and keeps all networks but that of the proxy and the gateway inside', () => {
    const publishing = Object.entries(compose.services).filter(([, { ports = [] }]) => ports.length > 0);
    expect(publishing.map(([name]) => name)).toEqual(['proxy']);
    const open = Object.entries(compose.networks).filter(([, it]) => it?.internal !== true);
    expect(open.map(([name]) => name)).toEqual(['edge']);
    expect(on('dashboards').sort()).toEqual(['grafana', 'prometheus', 'proxy']);
    expect(service('grafana').networks).toEqual(['dashboards']);
    expect(on('metrics').sort()).toEqual(['gateway', 'prometheus']);
    const inside = text('docker/proxy/Caddyfile').matchAll(/^:(\d+) \{/gm);
    const published = (service('proxy').ports ?? []).map((it) => it.split(':').at(-1));
    expect([...inside].map(([, port]) => port)).toEqual(published);
  });

  it('has a proxy that passes on who came, and shows no metrics', () => {
    const caddyfile = text('docker/proxy/Caddyfile').replace(/#.*$/gm, '');
    expect(caddyfile).toMatch(/servers\s*\{[^}]*trusted_proxies static private_ranges/);
    expect(caddyfile).toMatch(/respond \/metrics 404[^]*reverse_proxy/);
  });

  it('lets only the gateway reach Redis, by a password that is on no command line', () => {
    expect(on('store').sort()).toEqual(['gateway', 'redis']);
    expect(service('redis').networks).toEqual(['store']);
    expect(compose.networks['store']).toEqual({ internal: true });
    expect(service('redis').ports).toBeUndefined();
    const command = service('redis').command?.join(' ') ?? '';
    expect(command).toContain('requirepass $$(cat /run/secrets/redis-password)');
    expect(service('redis').healthcheck?.test.join(' ')).toContain('/run/secrets/redis-password');
    expect(command).not.toContain('--requirepass');
    expect(service('gateway').environment?.['REDIS_URL']).toContain(':${REDIS_PASSWORD:?');
  });

  it('starts nothing with a password that is written in it, or with none', () => {
    const secrets = Object.values(compose.services).flatMap(({ environment = {} }) =>
      Object.entries(environment).filter(([name]) => /(PASSWORD|TOKEN|AUTH|_KEYS?|SECRET)$/.test(name)),
    );
    expect(secrets.map(([name]) => name)).toEqual(expect.arrayContaining(['ADMIN_KEY', 'METRICS_TOKEN']));
    const mayBeEmpty = ['B24_CLIENT_SECRET'];
    const open = secrets.filter(([name, value]) => !mayBeEmpty.includes(name) && !/^\$\{\w+:\?[^}]*\}$/.test(value));
    expect(open).toEqual([]);
    const needed = [...text('docker/compose.yaml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    expect(needed).toEqual(expect.arrayContaining(Object.values(compose.secrets).map((it) => it.environment)));
    const example = [...text('docker/.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(needed.filter((name) => !example.includes(name))).toEqual([]);
  });

  it('gives Redis and Grafana their passwords as files, and each secret to those who need it', () => {
    const holders = (secret: string) =>
      Object.entries(compose.services).flatMap(([name, { secrets = [] }]) => (secrets.includes(secret) ? [name] : []));
    const secrets = Object.keys(compose.secrets).map((name) => [name, holders(name)]);
    expect(secrets).toEqual([
      ['grafana-password', ['grafana']],
      ['metrics-token', ['prometheus']],
      ['redis-password', ['redis']],
    ]);
    expect(service('grafana').environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana-password',
    });
    const environments = Object.entries(compose.services).filter(([name]) => name !== 'gateway');
    expect(JSON.stringify(environments.map(([, { environment }]) => environment))).not.toMatch(/\$\{/);
  });

  it('is reached from its own machine only', () => {
    const ports = Object.values(compose.services).flatMap((it) => it.ports ?? []);
    expect(ports.filter((it) => !it.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

describe('the manifests for Kubernetes', () => {
  const folder = 'docker/kubernetes';
  const documents = readdirSync(folder).flatMap((file) =>
    parseAllDocuments(text(folder, file)).map((it) => it.toJS() as Record<string, unknown>),
  );
  const all = (kind: string) => documents.filter((it) => it['kind'] === kind);

  it('believe so few addresses on where a request comes from that an ingress controller has them to itself', () => {
    const [value] = /name: TRUSTED_PROXIES\s+value: (\S+)/.exec(text(folder, 'gateway.yaml'))?.slice(1) ?? [];
    expect(value).toBeDefined();
    expect(sharedFrom(value ?? '').filter(({ hosts }) => hosts > 256)).toEqual([]);
  });

  it('let in from namespaces that are named, and from no other', () => {
    interface Peer {
      namespaceSelector?: { matchLabels?: object };
      podSelector?: object;
    }
    const policies = all('NetworkPolicy').map((it) => it['spec'] as { ingress: { from?: Peer[] }[] });
    expect(policies.length).toBeGreaterThan(0);
    const peers = policies.flatMap(({ ingress }) => ingress.flatMap(({ from }) => from ?? [{}]));
    const open = peers.filter((it) => Object.keys(it.namespaceSelector?.matchLabels ?? {}).length === 0);
    expect(open).toEqual([]);
  });

  it('ask for a token before they show metrics', () => {
    const secrets = all('Secret').map((it) => it['stringData'] as Record<string, string>);
    expect(secrets.map((it) => Object.keys(it))).toEqual([expect.arrayContaining(['METRICS_TOKEN'])]);
  });
});
