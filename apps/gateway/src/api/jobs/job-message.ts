import type { JobCallback, Job } from '@b24/jobs';
import { type Clock, signatureHeaders } from '@b24/portal';
import type { TargetWire } from '@b24/upstream';
import { jobView } from '../respond-async/job-view';

/** Sends the message that a job is finished. Its id is the job's, so that a receiver recognises a duplicate. */
export function jobMessage({ send }: Pick<TargetWire, 'send'>, clock: Clock) {
  return async (job: Job, { url, secret }: JobCallback): Promise<void> => {
    const data = jobView(job);
    const message = { type: 'job.finished', timestamp: data.finishedAt, data };
    const text = JSON.stringify(message);
    const proof = signatureHeaders([secret], { id: job.id, text }, clock.now());
    const { status } = await send(url, { 'content-type': 'application/json', ...proof }, text);
    if (status < 200 || status > 299) throw new Error(`HTTP ${status}`);
  };
}
