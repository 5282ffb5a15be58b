import { Fault, isPortalId, type PortalId } from '@b24/portal';
import { Agent, request } from 'undici';
import { z } from 'zod';

const text = z.string().min(1).max(500);
const failureKind = z.string().regex(/^[a-z0-9-]{1,40}$/, 'Must be a kind of failure that the sandbox lists.');
const stateSchema = z.object({
  failures: z.array(z.object({ kind: failureKind, title: text, about: text, lasts: z.boolean() })).max(100),
  portals: z
    .array(
      z.object({
        memberId: z.custom<PortalId>((it) => typeof it === 'string' && isPortalId(it)),
        domain: text,
        failure: failureKind.nullable(),
      }),
    )
    .max(1000),
});

export const startFailureSchema = z.strictObject({ kind: failureKind });
/** The failures that the portal simulator knows, and which of them each of its portals has now. */
export type SandboxState = z.infer<typeof stateSchema>;

const timeoutMs = 5000;
const maxAnswerBytes = 256 * 1024;

/** The failures of simulated portals, by the API of the portal simulator that the demo runs. */
export class Sandbox {
  private readonly agent = new Agent({
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxAnswerBytes,
    connections: 4,
  });

  /** @param url origin of the portal simulator's API; undefined outside the demo */
  constructor(private readonly url: string | undefined) {}

  /** @throws Fault portal_unreachable */
  state(): Promise<SandboxState> {
    return this.send('GET', '/_simulator/failures');
  }

  /** Starts a failure in place of the one that the portal has. @throws Fault portal_unreachable, invalid_request */
  start(memberId: PortalId, kind: string): Promise<SandboxState> {
    return this.send('PUT', `/_simulator/failure?portal=${memberId}&kind=${kind}`);
  }

  /** Ends the failure that the portal has. @throws Fault portal_unreachable, invalid_request */
  end(memberId: PortalId): Promise<SandboxState> {
    return this.send('DELETE', `/_simulator/failure?portal=${memberId}`);
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async send(method: 'GET' | 'PUT' | 'DELETE', path: string): Promise<SandboxState> {
    const { status, body } = await this.ask(method, path);
    if (status === 400 || status === 404)
      throw new Fault('invalid_request', { detail: 'The sandbox has no such failure, or no such portal.' });
    const state = stateSchema.safeParse(body);
    if (status !== 200 || !state.success) throw noAnswer();
    return state.data;
  }

  private async ask(method: 'GET' | 'PUT' | 'DELETE', path: string): Promise<{ status: number; body: unknown }> {
    try {
      const { statusCode, body } = await request(`${this.url}${path}`, { method, dispatcher: this.agent });
      return { status: statusCode, body: await body.json() };
    } catch {
      throw noAnswer();
    }
  }
}

function noAnswer(): Fault {
  return new Fault('portal_unreachable', {
    detail: 'The portal simulator, which is the sandbox, does not answer. Start the demo once more: npm start.',
  });
}
