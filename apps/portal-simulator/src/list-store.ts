/** How many records the portal's lists have, by method; open to tests. */
export class ListStore {
  private readonly counts = new Map<string, number>();

  /** Makes a list method known to the portal. */
  hold(method: string, count: number): void {
    this.counts.set(method.toLowerCase(), count);
  }

  countOf(method: string): number | undefined {
    return this.counts.get(method.toLowerCase());
  }
}
