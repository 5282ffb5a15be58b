import { type Answer, type Command, Fault, type Result } from '@b24/portal';
import { callerBatch } from '@b24/upstream';

/** Commands of one request (docs/bitrix24-rules.md#batch). */
export const maxCommands = 50;

/** Sends one command. @throws Fault */
export type SendBatch = (command: Command) => Promise<Result>;

/** The commands of one request by names, which later ones refer to, and their answers. */
export class BoardBatch {
  private readonly commands: Command[] = [];
  private readonly names: string[] = [];
  private readonly answers = new Map<string, Answer>();

  get room(): number {
    return maxCommands - this.commands.length;
  }

  add(name: string, command: Command): void {
    this.names.push(name);
    this.commands.push(command);
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** @throws Fault when the request fails as a whole */
  async send(send: SendBatch): Promise<void> {
    const { inside = [] } = await send(callerBatch(this.commands, this.names, false));
    for (const [i, name] of this.names.entries()) {
      const answer = inside[i];
      if (!answer) throw new Fault('portal_error');
      this.answers.set(name, answer);
    }
  }

  answerOf(name: string): Answer {
    const answer = this.answers.get(name);
    if (!answer) throw new Fault('internal_error', { detail: `The board has read no ${name}.` });
    return answer;
  }

  /** @throws Fault the portal's refusal of this command */
  resultOf(name: string): Result {
    const answer = this.answerOf(name);
    if (!answer.ok) throw answer.fault;
    return answer;
  }
}
