import type { Answer, Result } from '@b24/portal';
import type { NamedCall } from './any-calls';
import { pageCommand, rowsKeyOf } from './list-params';
import { firstRowsOf, laterRowsOf, type ListRows, type ListSend, pageSize } from './list-rows';

/** Pages of one list that are requested at once. */
const pagesAtOnce = 10;

/** A page that was read by offset. */
export interface OffsetPage extends Pick<ListRows, 'rows' | 'key'> {
  readonly start: number;
  readonly next?: number | undefined;
  /** Absent if the portal did not count. */
  readonly total?: number | undefined;
}

/** Reads the pages of a list by `start`; several at once while the portal pages by 50 and reports a total. */
export class OffsetPages {
  private requested = new Map<number, Promise<Answer>>();
  private first: OffsetPage | undefined;

  constructor(
    private readonly list: NamedCall,
    private readonly send: ListSend,
  ) {}

  /** @throws Fault the portal's refusal, invalid_request for a first page without records, list_not_walkable */
  async at(start: number): Promise<OffsetPage> {
    const answer = await (this.requested.get(start) ?? this.request(start));
    const page = this.pageOf(answer, start);
    this.first ??= page;
    return page;
  }

  private request(start: number): Promise<Answer> {
    const answers = this.startsFrom(start).map((at) => [at, this.sendAt(at)] as const);
    this.requested = new Map(answers);
    return answers[0]![1];
  }

  private startsFrom(start: number): number[] {
    const { next, total = 0, rows = [] } = this.first ?? {};
    const isUsual = next === pageSize && rows.length === pageSize;
    const left = isUsual ? Math.ceil((total - start) / pageSize) : 1;
    const count = Math.max(1, Math.min(left, pagesAtOnce));
    return Array.from({ length: count }, (_, i) => start + i * pageSize);
  }

  private sendAt(start: number): Promise<Answer> {
    const answer = this.send(pageCommand(this.list, start));
    // The walk may end before it reads this page.
    answer.catch(() => undefined);
    return answer;
  }

  private pageOf(answer: Answer, start: number): OffsetPage {
    return { ...this.rowsOf(answer, start), start, ...(answer.ok && countsOf(answer)) };
  }

  private rowsOf(answer: Answer, start: number): Pick<ListRows, 'rows' | 'key'> {
    if (!this.first) return firstRowsOf(answer, rowsKeyOf(this.list.method));
    return { rows: laterRowsOf(answer, this.first.key, `at start ${start}`) };
  }
}

/** Returns `next` and `total` of a page. A total of 0 may also mean that the portal did not count. */
function countsOf({ next, total = 0 }: Result): Pick<OffsetPage, 'next' | 'total'> {
  return { next, total: total > 0 ? total : undefined };
}
