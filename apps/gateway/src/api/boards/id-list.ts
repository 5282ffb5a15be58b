import type { Command } from '@b24/portal';
import { z } from 'zod';
import { cursorAfter, parsePage } from '../../resources/paging';
import type { BoardBatch } from './board-batch';

/** A list of the board that is read from id to id, 50 items a request. */
export class IdList<T extends { id: number }> {
  readonly items: T[] = [];
  private isComplete = false;

  constructor(
    readonly name: string,
    private readonly item: z.ZodType<T>,
    private readonly command: (after: number) => Command,
  ) {}

  /** Adds the command for the next page to a batch, if there is one. */
  plan(batch: BoardBatch): void {
    if (!this.isComplete && batch.room > 0) batch.add(this.name, this.command(this.after));
  }

  get isRead(): boolean {
    return this.isComplete;
  }

  /** @throws Fault the portal's refusal, portal_error, list_not_walkable */
  read(batch: BoardBatch): void {
    if (this.isComplete || !batch.has(this.name)) return;
    const page = this.pageOf(batch, this.name, this.after);
    this.items.push(...page.items);
    this.isComplete = page.nextCursor === undefined;
  }

  /** Returns the first page as it is now. */
  firstPage(batch: BoardBatch, name: string): readonly T[] {
    return this.pageOf(batch, name, 0).items;
  }

  firstCommand(): Command {
    return this.command(0);
  }

  private get after(): number {
    return this.items.at(-1)?.id ?? 0;
  }

  private pageOf(batch: BoardBatch, name: string, after: number): ReturnType<typeof parsePage<T>> {
    return parsePage(this.item, batch.resultOf(name).value, after === 0 ? {} : { cursor: cursorAfter(after) });
  }
}
