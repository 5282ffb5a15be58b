import {
  type Answer,
  type Command,
  Fault,
  type FaultCode,
  type FaultOptions,
  readJson,
  type RequestInfo,
  writeJson,
} from '@b24/portal';
import type { PeerResult } from './peer-exchange';

/* How replicas write commands and answers to each other, as JSON. Both ends are replicas of the same gateway. */

type EncodedFault = FaultOptions & { readonly code: FaultCode };
type EncodedAnswer = Extract<Answer, { ok: true }> | (Omit<Extract<Answer, { ok: false }>, 'fault'> & WithEncodedFault);
interface WithEncodedFault {
  readonly fault: EncodedFault;
}
type EncodedPeerResult =
  | {
      readonly ids: string[];
      readonly answers: EncodedAnswer[][];
      readonly request: RequestInfo;
    }
  | { readonly ids: string[]; readonly fault: EncodedFault };

export function encodeCommands(commands: readonly Command[]): string {
  return writeJson(commands);
}

export function decodeCommands(text: string): readonly Command[] {
  return readJson(text) as readonly Command[];
}

export function encodePeerResult(result: PeerResult): string {
  if ('fault' in result) return writeJson({ ...result, fault: encodeFault(result.fault, result.fault.message) });
  const answers = result.answers.map((own) =>
    own.map((answer) => (answer.ok ? answer : { ...answer, fault: encodeFault(answer.fault, answer.fault.message) })),
  );
  return writeJson({ ...result, answers });
}

export function decodePeerResult(text: string): PeerResult {
  const result = readJson(text) as EncodedPeerResult;
  if ('fault' in result) return { ...result, fault: decodeFault(result.fault) };
  const answers = result.answers.map((own) =>
    own.map((answer): Answer => (answer.ok ? answer : { ...answer, fault: decodeFault(answer.fault) })),
  );
  return { ...result, answers };
}

/** Every property of the fault except its cause. */
function encodeFault({ name: _name, ...fault }: Fault, detail: string): EncodedFault {
  return { ...fault, detail };
}

function decodeFault({ code, ...options }: EncodedFault): Fault {
  return new Fault(code, options);
}
