/** One method to run on a portal. */
export interface Command {
  /** The vendor's name, as `tasks.api.scrum.backlog.get`. */
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** A read may be sent again after an ambiguous failure; a write may not. */
  readonly effect: 'read' | 'write';
}
