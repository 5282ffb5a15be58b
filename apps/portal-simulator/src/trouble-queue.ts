import { levelOf } from './trouble-kinds';

export interface TroubleOptions {
  /** A portal method (also found inside a batch), or at the authorization server the grant type or `app.info`. */
  method?: string;
  /** Only for this portal (member id); useful at the authorization server. */
  memberId?: string;
  /** How often it strikes; 1 unless told, `Infinity` until cleared. */
  times?: number;
  /** How many matching requests pass first. */
  skip?: number;
  /** Strike after the call was executed (or the chain rotated); `cut-after` and `answer-lost` always do. */
  afterExecution?: boolean;
  /** How long the answer is held back, in real milliseconds; for `trickle` from one blank to the next. */
  delayMs?: number;
  /** Another HTTP status than the kind's own. */
  status?: number;
  /** Another `error_description`; null leaves it out. */
  description?: string | null;
  /** For `custom` and `html`: the body, and for `custom` its type. */
  body?: string;
  contentType?: string;
  /** For `redirect`: where to; the portal's own address otherwise. */
  location?: string;
  /** For `unrun`: how many commands of the batch are run. */
  ranOnly?: number;
  /** In a batch: fail one item or the whole trip; each kind has its own default. */
  level?: 'item' | 'trip';
}

export interface Trouble<Kind extends string> extends TroubleOptions {
  readonly kind: Kind;
}

/** What a trouble is matched against. */
export interface TroubleSubject {
  readonly method: string;
  readonly place: 'single' | 'batch' | 'item';
  readonly nested?: readonly string[];
  readonly memberId?: string | undefined;
}

interface Waiting<Kind extends string> {
  readonly trouble: Trouble<Kind>;
  left: number;
  skip: number;
}

/** Trouble on demand: what is queued strikes the next matching requests, in the order it was queued. */
export class TroubleQueue<Kind extends string> {
  private waiting: Waiting<Kind>[] = [];
  private decide: ((subject: TroubleSubject) => Trouble<Kind> | undefined) | undefined;

  next(kind: Kind, options: TroubleOptions = {}): void {
    this.waiting.push({ trouble: { ...options, kind }, left: options.times ?? 1, skip: options.skip ?? 0 });
  }

  /** Asks a function at each request, after the queue: for chaos. Undefined means no trouble. */
  whenever(decide: (subject: TroubleSubject) => Trouble<Kind> | undefined): void {
    this.decide = decide;
  }

  clear(): void {
    this.waiting = [];
    this.decide = undefined;
  }

  /** How many strikes are still queued. */
  get pending(): number {
    return this.waiting.reduce((sum, entry) => sum + entry.left, 0);
  }

  take(subject: TroubleSubject): Trouble<Kind> | undefined {
    const found = this.waiting.find((entry) => matches(entry.trouble, subject) && !skipped(entry));
    if (found === undefined) return this.decided(subject);
    found.left -= 1;
    if (found.left <= 0) this.waiting = this.waiting.filter((entry) => entry !== found);
    return found.trouble;
  }

  private decided(subject: TroubleSubject): Trouble<Kind> | undefined {
    const trouble = this.decide?.(subject);
    return trouble !== undefined && matches(trouble, subject) ? trouble : undefined;
  }
}

function skipped(entry: { skip: number }): boolean {
  if (entry.skip <= 0) return false;
  entry.skip -= 1;
  return true;
}

function matches(trouble: Trouble<string>, subject: TroubleSubject): boolean {
  if (trouble.memberId !== undefined && trouble.memberId !== subject.memberId) return false;
  const level = trouble.level ?? levelOf(trouble.kind, trouble.method);
  if (subject.place === 'item' && level !== 'item') return false;
  if (subject.place === 'batch' && level !== 'trip') return false;
  return concerns(trouble, subject);
}

function concerns(trouble: Trouble<string>, subject: TroubleSubject): boolean {
  const wanted = trouble.method ?? implied(trouble.kind);
  if (wanted === undefined) return true;
  const same = (name: string) => name.toLowerCase() === wanted.toLowerCase();
  return same(subject.method) || (subject.nested ?? []).some(same);
}

function implied(kind: string): string | undefined {
  if (kind === 'silent-delete') return 'tasks.api.scrum.backlog.delete';
  return kind === 'unrun' ? 'batch' : undefined;
}
