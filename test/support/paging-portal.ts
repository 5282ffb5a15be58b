import { type Answer, type Command, JsonNumber, type Result } from '@b24/portal';

/** A record of the portal, before it is written in the style of a method. */
export interface PagedRecord {
  readonly id: bigint;
  readonly stage: string;
  /** Found by the method, and then left out of its page, so that the page is short. */
  readonly isHidden?: boolean;
}

/** How a method pages, and how it writes its records. */
export interface PagingStyle {
  readonly idName: 'ID' | 'id';
  /** The id in a filter and in `select`, where it has another name than in a record. */
  readonly filterIdName?: 'ID' | 'id';
  readonly idAs: 'number' | 'text' | 'object';
  /** The key of the result that has the records; undefined for a result that is the list. */
  readonly key?: string | undefined;
  readonly hasNoResult: boolean;
  readonly pageSize: number;
  readonly next: 'exact' | 'absent' | 'fixed' | 'same' | 'endless';
  readonly total: 'exact' | 'absent' | 'first page only';
  readonly start: 'taken' | 'ignored' | 'whole pages';
  readonly idFilter: 'taken' | 'ignored';
  readonly order: 'taken' | 'ignored';
  readonly select: 'taken' | 'without id';
}

export const usualStyle: PagingStyle = {
  idName: 'ID',
  idAs: 'text',
  hasNoResult: false,
  pageSize: 50,
  next: 'exact',
  total: 'exact',
  start: 'taken',
  idFilter: 'taken',
  order: 'taken',
  select: 'taken',
};

type Params = Readonly<Record<string, unknown>>;
type AnsweredPage = Pick<Result, 'value' | 'whole' | 'next' | 'total'>;

/** More commands than any list of a test needs. */
const maxCommands = 2000;

/** A portal with one list method, at the level of a command and its answer. Reads batches and their references. */
export class PagingPortal {
  readonly commands: Command[] = [];
  /** Is called before each page is read, with the number of pages before it. */
  beforePage: (pages: number) => void = () => undefined;
  private pages = 0;

  constructor(
    public records: readonly PagedRecord[],
    private readonly style: PagingStyle = usualStyle,
  ) {}

  readonly answer = (command: Command): Promise<Answer> => {
    this.commands.push(command);
    if (this.commands.length > maxCommands) throw new Error('The list does not end.');
    return Promise.resolve(command.method === 'batch' ? this.batch(command) : result(this.page(command.params)));
  };

  private batch({ params, inside = [] }: Command): Answer {
    const values: Record<string, unknown> = {};
    const answers = inside.map(({ name }) => {
      const page = this.page(paramsOf((params['cmd'] as Record<string, string>)[name] ?? '', values));
      values[name] = page.value;
      return result(page);
    });
    return { ...result({ value: null }), inside: answers };
  }

  private page(params: Params): AnsweredPage {
    this.beforePage(this.pages++);
    const found = this.found(params);
    const at = Number(params['start'] ?? 0);
    const start = this.startOf(at);
    const rows = found.slice(start, start + this.style.pageSize).filter(({ isHidden }) => !isHidden);
    const written = rows.map((record) => this.written(record, params['select']));
    const value = this.style.key === undefined ? written : { [this.style.key]: written };
    const whole = this.style.hasNoResult && ({ whole: true } as const);
    return {
      value,
      ...whole,
      ...(at >= 0 && { ...this.nextOf(start, found.length), ...this.totalOf(at, found.length) }),
    };
  }

  private found(params: Params): PagedRecord[] {
    const filter = (paramOf(params, 'filter') ?? {}) as Params;
    const order = Object.values((paramOf(params, 'order') ?? {}) as Params)[0];
    const found = this.records.filter((record) => this.passes(record, filter));
    const isAscending = this.style.order === 'taken' && !/desc/i.test(String(order));
    const rising = [...found].sort((a, b) => (a.id < b.id ? -1 : 1));
    return isAscending ? rising : rising.reverse();
  }

  private passes({ id, stage }: PagedRecord, filter: Params): boolean {
    const { idFilter, filterIdName: idName = this.style.idName } = this.style;
    return Object.entries(filter).every(([name, limit]) => {
      if (name === 'STAGE_ID') return stage === limit;
      if (idFilter === 'ignored' || limit === '') return true;
      if (name === `>${idName}`) return id > BigInt(String(limit));
      return name !== `>=${idName}` || id >= BigInt(String(limit));
    });
  }

  private startOf(start: number): number {
    if (start < 0 || this.style.start === 'ignored') return 0;
    return this.style.start === 'taken' ? start : Math.floor(start / this.style.pageSize) * this.style.pageSize;
  }

  private nextOf(start: number, count: number): { next?: number } {
    const after = start + this.style.pageSize;
    const next = { exact: after, fixed: 50, same: start, endless: after, absent: undefined }[this.style.next];
    const isLast = this.style.next === 'exact' && after >= count;
    return next === undefined || isLast ? {} : { next };
  }

  private totalOf(start: number, total: number): { total?: number } {
    const counts = this.style.total === 'exact' || (this.style.total === 'first page only' && start === 0);
    return counts ? { total } : {};
  }

  private written({ id, stage }: PagedRecord, select: unknown): Record<string, unknown> {
    const { idName, filterIdName = idName, idAs } = this.style;
    const row = {
      [idName]: { number: Number(id), text: `${id}`, object: new JsonNumber(`${id}`) }[idAs],
      STAGE_ID: stage,
    };
    const names = Array.isArray(select) ? (select as string[]) : [];
    const has = (name: string) => names.length === 0 || names.includes('*') || names.includes(name);
    const isShown = (name: string) =>
      has(name === idName ? filterIdName : name) && (name !== idName || this.style.select === 'taken');
    return Object.fromEntries(Object.entries(row).filter(([name]) => isShown(name)));
  }
}

function result(page: AnsweredPage): Result {
  return { ok: true, timing: { queueMs: 0, upstreamMs: 1 }, ...page };
}

/** CRM methods find a parameter in lower case first, then in upper case. */
function paramOf(params: Params, name: string): unknown {
  return params[name] ?? params[name.toUpperCase()];
}

/** Reads the URL of a command in a batch, whose values may refer to the results before. */
function paramsOf(url: string, results: Params): Params {
  const params: Record<string, unknown> = {};
  for (const [path, value] of new URLSearchParams(url.split('?')[1] ?? '')) {
    const [name = '', ...keys] = path.split(/[[\]]+/).filter((key) => key !== '');
    const resolved = value.startsWith('$result') ? referred(value, results) : value;
    const [key] = keys;
    if (key === undefined) params[name] = resolved;
    else if (/^\d+$/.test(key)) params[name] = [...((params[name] ?? []) as unknown[]), resolved];
    else params[name] = { ...(params[name] as object | undefined), [key]: resolved };
  }
  return params;
}

function referred(reference: string, results: Params): string {
  const keys = reference.split(/[[\]]+/).filter((key) => key !== '' && key !== '$result');
  const value = keys.reduce<unknown>((at, key) => (at as Params | undefined)?.[key], results);
  return typeof value === 'string' || typeof value === 'number' || value instanceof JsonNumber ? value.toString() : '';
}
