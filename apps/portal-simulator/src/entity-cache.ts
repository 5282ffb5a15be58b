/**
 * What one PHP process remembers while it serves one HTTP request: commands of one batch on the same entity see the
 * state it had when the first of them looked, not what was written since (docs/bitrix24-rules.md#batch).
 */
export class EntityCache {
  private readonly seen = new Map<string, unknown>();

  read<Entity extends object>(key: string, load: () => Entity | undefined): Entity | undefined {
    if (!this.seen.has(key)) {
      const entity = load();
      this.seen.set(key, entity === undefined ? undefined : { ...entity });
    }
    return this.seen.get(key) as Entity | undefined;
  }
}
