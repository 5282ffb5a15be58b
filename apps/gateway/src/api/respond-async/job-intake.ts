import type { Client } from '@b24/access';
import type { JobCallback, Jobs } from '@b24/jobs';
import { Fault, newSigningSecret } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { canonical, digestOf, idempotencyKey } from '../../http/idempotency-key';
import type { EventTargets } from '../subscriptions/event-targets';
import { acceptedJobSchema, jobView } from './job-view';

export const callbackUrlSchema = z
  .url({ protocol: /^https?$/, message: 'Must be an http or https URL.' })
  .max(2048)
  .refine((url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === '', 'Must hold no login.')
  .meta({
    description:
      'With `Prefer: respond-async`: the URL that is notified when the job ends. EVENT_TARGET_HOSTS must allow its host.',
  });

/** Work that a request hands to a job. */
export interface JobRequest {
  readonly kind: string;
  /** What it does, in words for people. */
  readonly title: string;
  readonly total: number;
  readonly payload: unknown;
  readonly callbackUrl?: string | undefined;
}

/** Rejects a callback for a request that creates no job. @throws Fault invalid_request */
export function assertNoCallback(callbackUrl: string | undefined): void {
  if (callbackUrl !== undefined) throw refused('callbackUrl', 'Needs `Prefer: respond-async`.');
}

/** Rejects a callback and an idempotency key for a stream. @throws Fault invalid_request */
export function assertNeedsNoJob({ headers }: FastifyRequest, callbackUrl: string | undefined): void {
  assertNoCallback(callbackUrl);
  if (headers['idempotency-key'] !== undefined)
    throw refused('Idempotency-Key', 'Needs `Prefer: respond-async`: a stream can’t be told again, a job can.');
}

/** Accepts requests whose work continues as a job. */
export class JobIntake {
  constructor(
    private readonly jobs: Jobs<Client>,
    private readonly targets: EventTargets,
  ) {}

  /** Creates a job; the same Idempotency-Key returns the same job. @throws Fault not_allowed for a person */
  async accept(request: FastifyRequest, client: Client, order: JobRequest): Promise<z.infer<typeof acceptedJobSchema>> {
    if (client.person)
      throw new Fault('not_allowed', { detail: 'A job outlives the session of a person: start it with a client key.' });
    const { callbackUrl: url, ...work } = order;
    if (url !== undefined) this.targets.assertAllowed(url);
    const key = idempotencyKey(request.headers['idempotency-key']);
    const name = key === undefined ? randomBytes(16).toString('hex') : digestOf('job', client.id, key).slice(0, 32);
    const fingerprint = digestOf(request.method, request.url, canonical(request.body ?? null));
    const callback: JobCallback | undefined = url === undefined ? undefined : { url, secret: newSigningSecret() };
    const owner = { client: client.id, clientName: client.name, requestId: request.id };
    const wanted = { id: `j_${name}`, ...owner, fingerprint, ...work, ...(callback && { callback }) };
    const job = await this.jobs.create(wanted);
    const stored = callback && (await this.jobs.callback(job.id));
    return { ...jobView(job), ...(stored && { callbackSecret: stored.secret.reveal() }) };
  }
}

/** Replies with 202 and the location of the job. */
export function replyAccepted(reply: FastifyReply, job: z.infer<typeof acceptedJobSchema>): typeof job {
  void reply.status(202).header('Location', `/v1/jobs/${job.id}`).header('Preference-Applied', 'respond-async');
  return job;
}

function refused(path: string, message: string): Fault {
  return new Fault('invalid_request', { errors: [{ path, message }] });
}
