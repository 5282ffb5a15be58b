import { call } from '../api';
import type { Portal } from '../api-types';
import { useMayAll } from '../may';
import { useWork } from '../use-request';
import { ProblemBox } from './pieces';

/** Lets a new portal in that waits. */
export function AdmitButton({ portal, admitted }: { portal: Portal; admitted: (portal: Portal) => void }) {
  const { busy, problem, run } = useWork();
  const { memberId, alias, domain } = portal;
  if (!useMayAll()) return null;
  return (
    <>
      <button
        type="button"
        class="main"
        disabled={busy}
        aria-label={`Admit ${alias ?? domain}`}
        onClick={() => {
          run(async () => {
            admitted(await call<Portal>('PATCH', `/v1/portals/${memberId}`, { admitted: true }));
          });
        }}
      >
        Admit
      </button>
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}
