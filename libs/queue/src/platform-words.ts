import { type Answer, type Command, Fault, type FaultCode, type FaultOptions } from '@b24/portal';
import type { Delivery } from './platform';

/*
 * Commands and answers as text, on their way from one replica to another. Both ends are replicas of the same gateway;
 * what it can't read, an older or newer one wrote.
 */

type FaultWords = FaultOptions & { readonly code: FaultCode };
type AnswerWords = Extract<Answer, { ok: true }> | (Omit<Extract<Answer, { ok: false }>, 'fault'> & FaultCarrier);
interface FaultCarrier {
  readonly fault: FaultWords;
}
type DeliveryWords =
  | {
      readonly ids: string[];
      readonly answers: AnswerWords[][];
      readonly trip: Extract<Delivery, { trip: unknown }>['trip'];
    }
  | { readonly ids: string[]; readonly fault: FaultWords };

export function writeCommands(commands: readonly Command[]): string {
  return JSON.stringify(commands);
}

export function readCommands(text: string): readonly Command[] {
  return JSON.parse(text) as readonly Command[];
}

export function writeDelivery(delivery: Delivery): string {
  if ('fault' in delivery)
    return JSON.stringify({ ...delivery, fault: wordsOf(delivery.fault, delivery.fault.message) });
  const answers = delivery.answers.map((own) =>
    own.map((answer) => (answer.ok ? answer : { ...answer, fault: wordsOf(answer.fault, answer.fault.message) })),
  );
  return JSON.stringify({ ...delivery, answers });
}

export function readDelivery(text: string): Delivery {
  const delivery = JSON.parse(text) as DeliveryWords;
  if ('fault' in delivery) return { ...delivery, fault: faultOf(delivery.fault) };
  const answers = delivery.answers.map((own) =>
    own.map((answer): Answer => (answer.ok ? answer : { ...answer, fault: faultOf(answer.fault) })),
  );
  return { ...delivery, answers };
}

/** Everything that a fault tells; its cause stays where it is. */
function wordsOf({ name: _name, ...fault }: Fault, detail: string): FaultWords {
  return { ...fault, detail };
}

function faultOf({ code, ...options }: FaultWords): Fault {
  return new Fault(code, options);
}
