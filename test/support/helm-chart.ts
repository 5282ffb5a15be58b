import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export type ChartValues = Readonly<Record<string, unknown>>;
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever was rendered
  readonly spec: any;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** What turns the chart into manifests on this machine. */
export interface ChartRenderer {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const chart = 'docker/helm/b24-gateway';
/** Where Debian's packages of Go libraries are. */
const debianGo = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };
const goProgram = ['go', 'run', './test/support/chart-renderer'];

function works([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return spawnSync(command, args, { env }).status === 0;
}

/**
 * Returns helm, from HELM or the PATH; otherwise Go's text/template with sprig, which Helm is built on; undefined where
 * there is neither.
 */
export function findRenderer(): ChartRenderer | undefined {
  const helm = process.env['HELM'] ?? 'helm';
  if (works([helm, 'version'], process.env))
    return {
      name: 'helm',
      command: [helm, 'template', 'gw', chart, '--namespace', 'b24', '--values'],
      env: process.env,
    };
  if (works(['go', 'vet', './test/support/chart-renderer'], debianGo))
    return { name: 'text/template with sprig', command: [...goProgram, chart, 'gw', 'b24'], env: debianGo };
  return undefined;
}

/** Renders the chart with these values. @throws Error with what the renderer printed when it refused them */
export function renderChart({ command: [program = '', ...args], env }: ChartRenderer, values: ChartValues): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'b24-chart-'));
  try {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const { status, stdout, stderr } = spawnSync(program, [...args, file], { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return parseAllDocuments(stdout).flatMap((it) => {
      if (it.errors.length > 0) throw it.errors[0] ?? new Error('No YAML.');
      return (it.toJS() as Manifest | null) ?? [];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
