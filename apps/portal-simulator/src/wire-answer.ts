import type { DiskFile } from './disk-store';
import type { ScriptedAnswer } from './scripted-answers';

/** An answer before it is sent. */
export interface WireAnswer {
  readonly status: number;
  readonly body: unknown;
  /** These are sent instead of the body. */
  readonly file?: DiskFile;
  readonly scripted?: ScriptedAnswer;
  readonly headers?: Readonly<Record<string, string>>;
}
