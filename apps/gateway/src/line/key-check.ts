import type { Client, ClientKeys } from '@b24/access';
import { type Answer, asFault, type Command, Fault, type Send } from '@b24/portal';

const admittedAs = Symbol('admitted as');
/** A command that knows whose key admitted it. Peers do not learn it. */
type AdmittedCommand = Command & { readonly [admittedAs]?: Client };

type Keys = Pick<ClientKeys, 'isKnownToWork' | 'assertStillValid'>;

/** Returns the command with the client that it is sent for. */
export function admitted<C extends Command>(command: C, client: Client): C {
  return { ...command, from: client.id, [admittedAs]: client };
}

/** Whether a command was not sent because a key was deleted or replaced while it waited. */
export function isRevoked(answer: Answer | undefined): boolean {
  return answer?.ok === false && answer.fault.code === 'key_invalid';
}

/** Resolves to false if the key of a client was deleted or replaced, or Redis can't say so. Never rejects. */
export function stillWorks(keys: Keys, client: Client): Promise<boolean> {
  return keys.assertStillValid(client).then(
    () => true,
    () => false,
  );
}

/** The station that holds back commands whose key was deleted or replaced while they waited for a permit. */
export function keyCheck(keys: Keys, next: Send): Send {
  return (portal, commands, signal) => {
    if (commands.every((command) => isKnownToWork(keys, command))) return next(portal, commands, signal);
    return sendValid(keys, next, [portal, commands, signal]);
  };
}

function isKnownToWork(keys: Keys, { [admittedAs]: client }: AdmittedCommand): boolean {
  return client === undefined || keys.isKnownToWork(client);
}

async function sendValid(keys: Keys, next: Send, [portal, commands, signal]: Parameters<Send>): Promise<Answer[]> {
  const faults = await Promise.all(commands.map((command) => revocationOf(keys, command)));
  const valid = commands.filter((_, i) => !faults[i]);
  const answers = valid.length > 0 ? await next(portal, valid, signal) : [];
  let answered = 0;
  return faults.map((fault) =>
    fault ? refused(fault) : (answers[answered++] ?? refused(new Fault('internal_error'))),
  );
}

/** @throws Fault store_unavailable */
async function revocationOf(keys: Keys, { [admittedAs]: client }: AdmittedCommand): Promise<Fault | undefined> {
  if (!client) return undefined;
  try {
    await keys.assertStillValid(client);
    return undefined;
  } catch (error) {
    const fault = asFault(error);
    if (fault.code === 'key_invalid') return fault;
    throw fault;
  }
}

function refused(fault: Fault): Answer {
  return { ok: false, fault, timing: { queueMs: 0, upstreamMs: 0 } };
}
