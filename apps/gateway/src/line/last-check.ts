import { type Client, type ClientKeys, revokedKey } from '@b24/access';
import type { FreshGrants, Grant } from '@b24/grants';
import { type Answer, type Clock, type Command, Fault, type PortalId, type Send } from '@b24/portal';

/** A grant that was loaded earlier than this, ms, is looked up again. */
const maxGrantAgeMs = 100;
/**
 * A check that took longer, ms, is repeated. Together with the age of what is in memory, less than the second within which
 * a deleted key or a suspension takes effect.
 */
const maxCheckMs = 200;
const maxChecks = 3;

export interface LastCheckParts {
  readonly keys: Pick<ClientKeys, 'isKnownToWork' | 'works'>;
  readonly grants: Pick<FreshGrants, 'ready' | 'usable'>;
  readonly clock: Clock;
}

/** Returns the command with what the last check needs to know of its client. Peers learn it too. */
export function admitted<C extends Command>(command: C, client: Client, keyDigest: string | undefined): C {
  return { ...command, from: client.id, ...(keyDigest !== undefined && { keyDigest }) };
}

/** Whether a command was not sent because its key was deleted or replaced while it waited. */
export function isRevoked(answer: Answer | undefined): boolean {
  return answer?.ok === false && answer.fault.code === 'key_invalid';
}

/**
 * The station behind which nothing waits any more: sends with the grant as it is now, and holds back commands whose key was
 * deleted or replaced since it admitted them, on whatever replica. Returns, for a grant that was prepared, a `Send` with
 * the faults of `FreshGrants.usable`, and store_unavailable.
 */
export function lastCheck({ keys, grants, clock }: LastCheckParts, sendAs: (grant: Grant) => Send) {
  const isKnownToWork = ({ keyDigest }: Command) => keyDigest === undefined || keys.isKnownToWork(keyDigest);
  const works = async ({ keyDigest }: Command) => keyDigest === undefined || keys.works(keyDigest);

  /** Resolves with answers that were true less than `maxCheckMs` ago. */
  async function check(portal: PortalId, commands: readonly Command[], recent: () => Grant | undefined) {
    for (let checks = 1; checks <= maxChecks; checks++) {
      const startedAtMs = clock.now();
      const grant = grants.ready(portal) ?? recent() ?? grants.usable(portal);
      const checked = await Promise.all([grant, Promise.all(commands.map(works))]);
      if (clock.now() - startedAtMs <= maxCheckMs) return checked;
    }
    throw new Fault('store_unavailable', { detail: 'Redis takes too long to say whether keys are still valid.' });
  }

  return (prepared: Grant): Send => {
    const preparedAtMs = clock.now();
    const recent = () => (clock.now() - preparedAtMs <= maxGrantAgeMs ? prepared : undefined);
    return (portal, commands, signal) => {
      const known = grants.ready(portal);
      if (known && commands.every(isKnownToWork)) return sendAs(known)(portal, commands, signal);
      return check(portal, commands, recent).then(async ([grant, areValid]) => {
        signal.throwIfAborted();
        const valid = commands.filter((_, i) => areValid[i]);
        const answers = valid.length > 0 ? await sendAs(grant)(portal, valid, signal) : [];
        let answered = 0;
        return areValid.map((isValid) =>
          isValid ? (answers[answered++] ?? refused(new Fault('internal_error'))) : refused(revokedKey()),
        );
      });
    };
  };
}

function refused(fault: Fault): Answer {
  return { ok: false, fault, timing: { queueMs: 0, upstreamMs: 0 } };
}
