import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { Metrics } from '../../apps/gateway/src/operations/metrics';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

const text = (...path: string[]) => readFileSync(join(...path), 'utf8');
const alerts = (parse(text('docker/prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const panels = (
  JSON.parse(text('docker/grafana/dashboards/b24-gateway.json')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  }
).panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [title, expr]));

/** What the gateway tells Prometheus, the lanes' gauges and the process's own figures among it. */
async function metricNames(): Promise<Set<string>> {
  const metrics = new Metrics();
  metrics.watch({ counts: () => [] }, { error: () => undefined, info: () => undefined });
  metrics.watchStore({ durable: 1 });
  metrics.watchCallLog({ dropped: 0 });
  metrics.watchJobs({ counts: () => Promise.resolve({ waiting: 0, running: 0 }) });
  const reported = await metrics.registry.getMetricsAsJSON();
  return new Set(
    reported.flatMap(({ name, type }) =>
      `${type}` === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** The metrics that an expression asks for. @throws Error when it is none of PromQL */
function metricsIn(expression: string): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, name, from, to }) => {
      if (type.isError) throw new Error(`Not PromQL near ${from}: ${expression}`);
      if (name === 'VectorSelector') names.push(/^\w+/.exec(expression.slice(from, to))?.[0] ?? '');
    },
  });
  return names;
}

/** A heading as GitHub links to it. */
const anchorsOf = (page: string) =>
  [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replace(/ /g, '-'),
  );

describe('alerts and the dashboard', () => {
  it.each([...alerts.map(({ alert, expr }): [string, string] => [alert, expr]), ...panels])(
    '%s asks only for what the gateway tells',
    async (_, expression) => {
      const known = await metricNames();
      const asked = metricsIn(expression);
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter((name) => name !== 'up' && !known.has(name))).toEqual([]);
    },
  );

  it('are refused by this test when they are no PromQL', () => {
    expect(() => metricsIn('sum(rate(b24_calls_total[5m])')).toThrow('Not PromQL');
  });

  it.each(alerts.map(({ alert, annotations }): [string, string] => [alert, annotations.runbook]))(
    '%s leads to what to do',
    (_, runbook) => {
      const [page = '', anchor = ''] = runbook.split('#');
      expect(existsSync(page)).toBe(true);
      expect(anchorsOf(page)).toContain(anchor);
    },
  );

  it('are of metrics that docs/observability.md explains, all of the gateway’s own and no others', async () => {
    const explained = [...text('docs/observability.md').matchAll(/^\| `(b24_\w+)`/gm)].map(([, name]) => name);
    const reported = (await new Metrics().registry.getMetricsAsJSON()).map(({ name }) => name);
    const own = [...(await metricNames())].filter(
      (name) => name.startsWith('b24_') && !/_(bucket|sum|count)$/.test(name),
    );
    expect(reported.length).toBeGreaterThan(5);
    expect([...explained].sort()).toEqual([...own].sort());
  });
});

describe('the manifests for Kubernetes', () => {
  const kinds = { ...core, ...apps, ...networking, ...policy } as unknown as Record<
    string,
    (new (data: object) => { validate(): void }) | undefined
  >;
  const folder = 'docker/kubernetes';
  const documents = readdirSync(folder)
    .filter((file) => file !== 'kustomization.yaml')
    .flatMap((file) => parseAllDocuments(text(folder, file)).map((it) => it.toJS() as Record<string, unknown>));

  it.each(documents.map((it): [string, Record<string, unknown>] => [`${it['kind'] as string}`, it]))(
    'hold a %s as its API takes it',
    (kind, document) => {
      const Kind = kinds[kind];
      if (!Kind) throw new Error(`No such kind: ${kind}`);
      new Kind(document).validate();
    },
  );

  it('name resources that are there', () => {
    const { resources } = parse(text(folder, 'kustomization.yaml')) as { resources: string[] };
    expect(resources.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });
});
