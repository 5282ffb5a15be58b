import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { HttpClient } from './gateway';

/** The program of the image; or the build file by file, in which texts can be replaced, and which Node warns of. */
const program = ['--disable-warning=ExperimentalWarning', process.env['GATEWAY_PROGRAM'] ?? 'dist/programs/gateway.js'];

/** A replica as an operator runs it: the build, in a process of its own, from the environment alone. */
export class GatewayProcess {
  readonly logLines: string[] = [];
  errors = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly argv: readonly string[],
  ) {}

  /** @throws Error with what it printed when it ended before it listened */
  static async start(env: Record<string, string>, argv: readonly string[] = program): Promise<GatewayProcess> {
    const child = spawn(process.execPath, argv, { env: { PATH: process.env['PATH'] ?? '', ...env } });
    const replica = new GatewayProcess(child, argv);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      replica.logLines.push(...lines);
    });
    child.stderr.on('data', (chunk: Buffer) => (replica.errors += chunk.toString()));
    while (!replica.listening()) {
      if (!replica.running) throw new Error(replica.errors);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return replica;
  }

  /** A replica that knows the address at which it is reached, as links of its own need it. */
  static async startReachable(env: Record<string, string>): Promise<GatewayProcess> {
    const first = await GatewayProcess.start(env);
    const { port, origin } = new URL(first.url);
    await first.stop();
    return GatewayProcess.start({ ...env, PORT: port, PUBLIC_URL: origin });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resident memory in bytes: now, and at most since `resetPeak`. Linux only. */
  get memory(): { now: number; peak: number } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const bytes = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]);
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.child.pid}/clear_refs`, '5');
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  get url(): string {
    return this.listening() ?? '';
  }

  get client(): HttpClient {
    return new HttpClient(this.url);
  }

  /** Asks it to end in order, and waits until it has. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Throws in it, where nobody catches; needs `throws-on-signal.cjs` in NODE_OPTIONS. Waits until it has ended. */
  async throwInside(): Promise<void> {
    await this.end('SIGUSR2');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }

  private listening(): string | undefined {
    const line = this.logLines.find((it) => it.includes('"msg":"listening"'));
    return line && (JSON.parse(line) as { url: string }).url;
  }
}
