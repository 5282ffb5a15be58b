import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import * as operator from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { BadSettings, readSettings } from '../../apps/gateway/src/settings';
import { type ChartValues, findRenderer, type Manifest, renderChart } from '../support/helm-chart';
import { adminKey, encryptionKeys } from '../support/gateway';

const chart = 'docker/helm/b24-gateway';
const text = (...path: string[]) => readFileSync(join(...path), 'utf8');
const schema = JSON.parse(text(chart, 'values.schema.json')) as object;
const defaults = parse(text(chart, 'values.yaml')) as Record<string, unknown>;
const secret = {
  REDIS_URL: 'redis://:password@redis:6379',
  ADMIN_KEY: adminKey,
  ENCRYPTION_KEYS: encryptionKeys,
  METRICS_TOKEN: '0123456789abcdef0123456789abcdef',
};
/** The least that a release needs, with a secret of the cluster. */
const least = { publicUrl: 'https://gw.example.com', existingSecret: 'b24-secrets' };
/** Everything that can be turned on. */
const full = {
  publicUrl: 'https://gw.example.com',
  secret,
  trustedProxies: ['10.42.113.0/28', '10.42.113.16'],
  settings: { LOG_LEVEL: 'warn', QUEUE_LIMIT: 1_000_000, B24_CA_FILE: '/etc/ca/company.pem', CONSOLE: true },
  image: { tag: '9.9.9' },
  imagePullSecrets: [{ name: 'registry' }],
  podAnnotations: { team: 'integration' },
  nodeSelector: { pool: 'services' },
  tolerations: [{ key: 'services', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  extraVolumes: [{ name: 'ca', configMap: { name: 'company-ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }],
  ingress: { enabled: true, className: 'nginx', tlsSecret: 'gw-example-com', annotations: { 'a.example/b': 'c' } },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
};

const renderer = findRenderer();
/** Where nothing renders the chart, the tests are reported as skipped, and `npm test` says so. */
const missing = 'Install helm 3, or Go with sprig and sigs.k8s.io/yaml as Debian packages them; or set HELM.';
const withRenderer = renderer ? describe : describe.skip;

describe('the values of the chart', () => {
  const check = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);
  const isAllowed = (values: ChartValues) => check({ ...defaults, ...values });

  it('have defaults that their schema allows, and the schema names each of them', () => {
    expect(isAllowed({})).toBe(true);
    const { properties } = schema as { properties: object };
    // `global` is Helm's own.
    expect(Object.keys(defaults).sort()).toEqual(
      Object.keys(properties)
        .filter((name) => name !== 'global')
        .sort(),
    );
  });

  it('allow what the tests render', () => {
    expect([least, full].map((it) => isAllowed({ ...it, image: { ...(defaults['image'] as object) } }))).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    ['a mistyped name', { replica: 2 }],
    ['a public URL with a path', { publicUrl: 'https://gw.example.com/path' }],
    ['a proxy by name', { trustedProxies: ['proxy.example'] }],
    ['a secret among the settings', { settings: { ADMIN_KEY: 'x' } }],
    ['an empty secret', { secret: { ADMIN_KEY: '' } }],
    ['a grace period that ends calls', { terminationGracePeriodSeconds: 5 }],
    ['an open network policy', { networkPolicy: { from: [] } }],
    ['a namespace without a label', { networkPolicy: { from: [{}] } }],
  ])('refuse %s', (_what, values) => {
    expect(isAllowed(values)).toBe(false);
  });
});

withRenderer(`the chart, rendered by ${renderer?.name ?? `nothing. ${missing}`}`, () => {
  const rendered = (values: ChartValues): Manifest[] => (renderer ? renderChart(renderer, values) : []);
  const one = (kind: string, manifests: readonly Manifest[]) => {
    const found = manifests.filter((it) => it.kind === kind);
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${kind}`);
    return found[0];
  };
  let small: Manifest[];
  let large: Manifest[];

  beforeAll(() => {
    [small, large] = [rendered(least), rendered(full)];
  }, 120_000);

  it('holds the manifests that were asked for', () => {
    const kinds = (manifests: readonly Manifest[]) => manifests.map(({ kind }) => kind).sort();
    expect(kinds(small)).toEqual(['Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service']);
    expect(kinds(large)).toEqual([
      ...['Deployment', 'Ingress', 'NetworkPolicy', 'PodDisruptionBudget', 'Secret', 'Service', 'ServiceMonitor'],
    ]);
  });

  it('holds nothing that the API of Kubernetes or of the Prometheus operator refuses', () => {
    const kinds = { ...core, ...apps, ...networking, ...policy, ...operator } as unknown as Record<
      string,
      new (data: object) => { validate(): void }
    >;
    for (const manifest of [...small, ...large]) {
      const Kind = kinds[manifest.kind];
      if (!Kind) throw new Error(`No such kind: ${manifest.kind}`);
      expect(() => {
        new Kind(manifest).validate();
      }).not.toThrow();
    }
    const deployment = one('Deployment', small);
    const broken = { ...deployment, spec: { ...deployment.spec, replicas: 'three' } };
    expect(() => {
      new apps.Deployment(broken).validate();
    }).toThrow();
  });

  it('runs pods that are as hardened as those of docker/kubernetes', () => {
    const plain = parseAllDocuments(text('docker/kubernetes/gateway.yaml')).map((it) => it.toJS() as Manifest);
    const hardening = (manifests: readonly Manifest[]) => {
      const { strategy, template } = one('Deployment', manifests).spec;
      const { containers, ...pod } = template.spec;
      const [container] = containers;
      return {
        strategy,
        ...{ token: pod.automountServiceAccountToken, links: pod.enableServiceLinks, security: pod.securityContext },
        ...{ grace: pod.terminationGracePeriodSeconds, container: container.securityContext },
        ...{ live: container.livenessProbe, ready: container.readinessProbe, startup: container.startupProbe },
        ...{ resources: container.resources, lifecycle: container.lifecycle, ports: container.ports },
      };
    };
    expect(hardening(small)).toEqual(hardening(plain));
    expect(hardening(large)).toEqual(hardening(plain));
    expect(hardening(plain)).toMatchObject({
      container: { readOnlyRootFilesystem: true },
      security: { runAsNonRoot: true },
    });
  });

  it('lets in and out what docker/kubernetes does, and publishes the same paths', () => {
    const plain = ['network-policy', 'gateway'].flatMap((name) =>
      parseAllDocuments(text(`docker/kubernetes/${name}.yaml`)).map((it) => it.toJS() as Manifest),
    );
    const traffic = (manifests: readonly Manifest[]) => {
      const { ingress, egress, policyTypes } = one('NetworkPolicy', manifests).spec;
      return { ingress, egress, policyTypes };
    };
    expect(traffic(small)).toEqual(traffic(plain));
    const paths = (manifests: readonly Manifest[]) =>
      (one('Ingress', manifests).spec.rules as { host: string; http: { paths: { path: string }[] } }[]).map((rule) => [
        rule.host,
        ...rule.http.paths.map(({ path }) => path),
      ]);
    expect(paths(large)).toEqual(paths(plain));
    expect(one('PodDisruptionBudget', small).spec.minAvailable).toBe(
      one('PodDisruptionBudget', plain).spec.minAvailable,
    );
  });

  it('selects its own pods everywhere, and names one secret', () => {
    for (const manifests of [small, large]) {
      const deployment = one('Deployment', manifests);
      const wanted = deployment.spec.selector.matchLabels as Record<string, string>;
      expect(deployment.spec.template.metadata.labels).toMatchObject(wanted);
      expect(one('Service', manifests).spec.selector).toEqual(wanted);
      expect(one('PodDisruptionBudget', manifests).spec.selector.matchLabels).toEqual(wanted);
      expect(one('NetworkPolicy', manifests).spec.podSelector.matchLabels).toEqual(wanted);
    }
    const reference = (manifests: readonly Manifest[]) =>
      one('Deployment', manifests).spec.template.spec.containers[0].envFrom[0].secretRef.name as string;
    expect(reference(small)).toBe('b24-secrets');
    expect(reference(large)).toBe(one('Secret', large).metadata.name);
    expect(one('ServiceMonitor', large).spec.endpoints[0].authorization.credentials.name).toBe(reference(large));
  });

  it('gives the gateway settings that it takes, with no secret outside the secret', () => {
    const { env } = one('Deployment', large).spec.template.spec.containers[0] as {
      env: { name: string; value: string }[];
    };
    const plain = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(plain).toMatchObject({
      QUEUE_LIMIT: '1000000',
      CONSOLE: 'true',
      TRUSTED_PROXIES: '10.42.113.0/28,10.42.113.16',
    });
    // The file is of the cluster.
    const read = () => readSettings({ ...plain, B24_CA_FILE: '', ...one('Secret', large).stringData });
    expect(read).not.toThrow(BadSettings);
    expect(read()).toMatchObject({ queueLimit: 1_000_000, publicUrl: 'https://gw.example.com' });
    const outside = JSON.stringify(large.filter(({ kind }) => kind !== 'Secret'));
    expect(Object.values(secret).filter((value) => outside.includes(value))).toEqual([]);
  });

  it('mounts extra files read-only, and uses the image that is named', () => {
    const { containers, volumes } = one('Deployment', large).spec.template.spec;
    expect(containers[0]).toMatchObject({
      image: 'ghcr.io/your-company/b24-gateway:9.9.9',
      volumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
    });
    expect(volumes).toEqual(full.extraVolumes);
  });

  it.each([
    ['no public URL', { existingSecret: 'x' }, 'Set publicUrl'],
    ['no secret', { publicUrl: 'https://gw.example.com' }, 'Set existingSecret, or secret.REDIS_URL.'],
    ['half a secret', { ...least, existingSecret: '', secret: { REDIS_URL: 'redis://x' } }, 'secret.ADMIN_KEY'],
    ['a budget that lets no node be drained', { ...least, replicas: 2 }, 'minAvailable must be lower than replicas'],
  ])('is refused with %s', (_what, values, sentence) => {
    expect(() => rendered(values)).toThrow(sentence);
  });

  const lint = renderer?.name === 'helm' ? it : it.skip;
  lint('passes the linter of helm, which only helm has', () => {
    const [helm = ''] = renderer?.command ?? [];
    const args = ['lint', chart, '--strict', '--set', 'publicUrl=https://gw.example.com,existingSecret=x'];
    const { status, stdout } = spawnSync(helm, args, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  });
});
