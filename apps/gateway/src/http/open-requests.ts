/** The requests without a complete response. */
export class OpenRequests {
  private readonly underWay = new Set<object>();
  private readonly waiting: (() => void)[] = [];

  enter(request: object): void {
    this.underWay.add(request);
  }

  leave(request: object): void {
    this.underWay.delete(request);
    if (this.underWay.size === 0) for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves as soon as every request has been answered. */
  drained(): Promise<void> {
    return this.underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }
}
