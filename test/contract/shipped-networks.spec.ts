import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { sharedFrom } from '../support/shipped-settings';

interface ComposeService {
  readonly networks?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
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
    expect(service('proxy').networks).toEqual(['edge']);
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
    expect(command).toContain('requirepass $$REDIS_PASSWORD');
    expect(command).not.toContain('--requirepass');
    expect(service('gateway').environment?.['REDIS_URL']).toContain(':${REDIS_PASSWORD:?');
  });

  it('starts nothing with a password that is written in it, or with none', () => {
    const secrets = Object.values(compose.services).flatMap(({ environment = {} }) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|TOKEN|AUTH$|_KEY/.test(name)),
    );
    expect(secrets.map(([name]) => name)).toEqual(
      expect.arrayContaining(['GF_SECURITY_ADMIN_PASSWORD', 'METRICS_TOKEN']),
    );
    expect(secrets.filter(([, value]) => !/^\$\{\w+:\?[^}]*\}$/.test(value))).toEqual([]);
    const needed = [...text('docker/compose.yaml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    const example = [...text('docker/.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(needed.filter((name) => !example.includes(name))).toEqual([]);
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
