import { levelOf } from './fault-kinds';

export interface InjectionOptions {
  /** A portal method (also found inside a batch), or at the authorization server the grant type or `app.info`. */
  method?: string;
  /** Only for this portal (member id); useful at the authorization server. */
  memberId?: string;
  /** How often it strikes; 1 by default, `Infinity` until cleared. */
  times?: number;
  /** How many matching requests pass first. */
  skip?: number;
  /** Strike after the call was executed (or the family rotated); `cut-after` and `answer-lost` always do. */
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
  /** In a batch: fail one item or the whole request; each kind has its own default. */
  level?: 'item' | 'request';
}

export interface InjectedFault<Kind extends string> extends InjectionOptions {
  readonly kind: Kind;
}

/** What an injected fault is matched against. */
export interface InjectionTarget {
  readonly method: string;
  readonly place: 'single' | 'batch' | 'item';
  readonly nested?: readonly string[];
  readonly memberId?: string | undefined;
}

interface QueuedFault<Kind extends string> {
  readonly fault: InjectedFault<Kind>;
  left: number;
  skip: number;
}

/** Faults on demand: what is queued strikes the next matching requests, in the order it was queued. */
export class FaultInjector<Kind extends string> {
  private waiting: QueuedFault<Kind>[] = [];
  private decide: ((subject: InjectionTarget) => InjectedFault<Kind> | undefined) | undefined;

  next(kind: Kind, options: InjectionOptions = {}): void {
    this.waiting.push({ fault: { ...options, kind }, left: options.times ?? 1, skip: options.skip ?? 0 });
  }

  /** Asks a function at each request, after the queue: for chaos. Undefined means no fault. */
  whenever(decide: (subject: InjectionTarget) => InjectedFault<Kind> | undefined): void {
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

  take(subject: InjectionTarget): InjectedFault<Kind> | undefined {
    const found = this.waiting.find((entry) => matches(entry.fault, subject) && !skipped(entry));
    if (found === undefined) return this.decided(subject);
    found.left -= 1;
    if (found.left <= 0) this.waiting = this.waiting.filter((entry) => entry !== found);
    return found.fault;
  }

  private decided(subject: InjectionTarget): InjectedFault<Kind> | undefined {
    const fault = this.decide?.(subject);
    return fault !== undefined && matches(fault, subject) ? fault : undefined;
  }
}

function skipped(entry: { skip: number }): boolean {
  if (entry.skip <= 0) return false;
  entry.skip -= 1;
  return true;
}

function matches(fault: InjectedFault<string>, subject: InjectionTarget): boolean {
  if (fault.memberId !== undefined && fault.memberId !== subject.memberId) return false;
  const level = fault.level ?? levelOf(fault.kind, fault.method);
  if (subject.place === 'item' && level !== 'item') return false;
  if (subject.place === 'batch' && level !== 'request') return false;
  return concerns(fault, subject);
}

function concerns(fault: InjectedFault<string>, subject: InjectionTarget): boolean {
  const wanted = fault.method ?? implied(fault.kind);
  if (wanted === undefined) return true;
  const same = (name: string) => name.toLowerCase() === wanted.toLowerCase();
  return same(subject.method) || (subject.nested ?? []).some(same);
}

function implied(kind: string): string | undefined {
  if (kind === 'silent-delete') return 'tasks.api.scrum.backlog.delete';
  return kind === 'unrun' ? 'batch' : undefined;
}
