/**
 * A bounded queue served in turn between those who fill it. When it is full, whoever has most in it loses its newest,
 * so that nobody can keep out another who has less.
 */
export class FairQueue<T> {
  private readonly queues = new Map<string, T[]>();
  private count = 0;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.count;
  }

  /** What had to go for it, if anything: the item itself when its own source has most. */
  add(source: string, item: T): T | undefined {
    const queue = this.queues.get(source) ?? [];
    queue.push(item);
    this.queues.set(source, queue);
    this.count++;
    return this.count > this.most ? this.dropOne(source) : undefined;
  }

  /** The oldest of the source whose turn it is. */
  next(): T | undefined {
    const [turn] = this.queues;
    if (!turn) return undefined;
    const [source, queue] = turn;
    const item = queue.shift();
    this.count--;
    // To the end of the row.
    this.queues.delete(source);
    if (queue.length > 0) this.queues.set(source, queue);
    return item;
  }

  private dropOne(newcomer: string): T | undefined {
    let [greediest, longest] = [newcomer, this.queues.get(newcomer) ?? []];
    for (const [source, queue] of this.queues)
      if (queue.length > longest.length) [greediest, longest] = [source, queue];
    const dropped = longest.pop();
    this.count--;
    if (longest.length === 0) this.queues.delete(greediest);
    return dropped;
  }
}
