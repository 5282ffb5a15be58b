import { useState } from 'preact/hooks';
import { call } from '../api';
import type { Job } from '../api-types';
import { useMay } from '../may';
import { go } from '../router';
import { useWork } from '../use-request';
import { hasEnded } from './job-state';
import { ProblemBox, WorkDialog } from './pieces';

/** Codes after which a write may have been executed. */
const unknownCodes = ['outcome_unknown', 'portal_error', 'no_answer', 'answer_too_large', 'result_too_large'];

interface JobActionsProps {
  readonly job: Job;
  readonly changed: () => void;
}

/** Cancel what runs; retry what failed. */
export function JobActions({ job, changed }: JobActionsProps) {
  const { id, progress, state } = job;
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  const { busy, problem, run } = useWork();
  const may = useMay();
  const [repeating, setRepeating] = useState(false);
  const retry = async (items: 'failed' | 'unknown') => {
    const next = await call<Job>('POST', `${path}/retry`, { items });
    go(`/jobs/${next.id}`);
  };
  const hasUnknown = unknownCodes.some((code) => code in (progress.byCode ?? {}));
  if (!may(hasEnded(job) ? 'retryJob' : 'cancelJob')) return null;
  if (!hasEnded(job))
    return (
      <>
        <p class="actions">
          <button
            type="button"
            class="danger"
            disabled={busy}
            onClick={() => {
              run(async () => {
                await call('POST', `${path}/cancel`);
                changed();
              });
            }}
          >
            Cancel the job
          </button>
        </p>
        {problem && <ProblemBox problem={problem} />}
      </>
    );
  if (progress.failed === 0 && state !== 'failed') return null;
  return (
    <>
      <p class="actions">
        <button
          type="button"
          class="main"
          disabled={busy}
          onClick={() => {
            run(() => retry('failed'));
          }}
        >
          Retry the failed ones
        </button>
        {hasUnknown && (
          <button
            type="button"
            class="danger"
            onClick={() => {
              setRepeating(true);
            }}
          >
            Repeat those with an unknown outcome …
          </button>
        )}
      </p>
      <p class="soft small">
        The retry is a job of its own, with the rights of the key that made this one. A write that may have been
        executed is left out.
      </p>
      {problem && <ProblemBox problem={problem} />}
      {repeating && (
        <WorkDialog
          title="Repeat writes that may have been executed?"
          act="Repeat them"
          tone="danger"
          close={() => {
            setRepeating(false);
          }}
          work={() => retry('unknown')}
        >
          <p>
            The portal may have executed these writes although their answers were lost. Look there first: what was
            executed is executed twice.
          </p>
        </WorkDialog>
      )}
    </>
  );
}
