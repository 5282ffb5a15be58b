import { type CountedCall, requestMilliOf } from './call-tally';

/** Pairs of a client and a method that are counted by name; further ones count as the method `other`. */
const maxPairs = 50;

/** How much of a portal one client used by one method. */
export interface UsageLine {
  readonly client: string;
  readonly clientName: string;
  readonly method: string;
  readonly calls: number;
  readonly failed: number;
  /** The share of requests, in thousandths. */
  readonly requestsMilli: number;
}

/** Who used a portal in one period, by client and method. */
export class UsageTally {
  private readonly lines = new Map<string, UsageLine>();

  add({ client, clientName, method, outcome, commands }: CountedCall): void {
    const failed = outcome === 'ok' ? 0 : 1;
    this.count({ client, clientName, method, calls: 1, failed, requestsMilli: requestMilliOf(commands) });
  }

  merge(lines: readonly UsageLine[]): void {
    for (const line of lines) this.count(line);
  }

  /** The lines, those with the greatest share of requests first. */
  sorted(): UsageLine[] {
    return [...this.lines.values()].sort((a, b) => b.requestsMilli - a.requestsMilli || b.calls - a.calls);
  }

  encode(): string {
    const lines = [...this.lines.values()];
    return JSON.stringify(
      lines.map((it) => [it.client, it.clientName, it.method, it.calls, it.failed, it.requestsMilli]),
    );
  }

  /** Text that this program did not write has no lines. */
  static decode(text: string): UsageLine[] {
    const rows = parsed(text);
    return rows.flatMap((row) => {
      const [client, clientName, method, ...numbers] = Array.isArray(row) ? (row as unknown[]) : [];
      const [calls, failed, requestsMilli] = numbers.map(Number);
      const texts = [client, clientName, method].every((it) => typeof it === 'string');
      const isLine = texts && [calls, failed, requestsMilli].every(Number.isSafeInteger);
      return isLine ? [{ client, clientName, method, calls, failed, requestsMilli } as UsageLine] : [];
    });
  }

  private count(line: UsageLine): void {
    const isNamed = this.lines.has(keyOf(line)) || this.lines.size < maxPairs;
    const counted = isNamed ? line : { ...line, method: 'other' };
    const before = this.lines.get(keyOf(counted));
    this.lines.set(keyOf(counted), before ? sumOf(before, counted) : counted);
  }
}

function keyOf({ client, method }: Pick<UsageLine, 'client' | 'method'>): string {
  return `${client} ${method}`;
}

function sumOf(line: UsageLine, other: UsageLine): UsageLine {
  return {
    ...line,
    calls: line.calls + other.calls,
    failed: line.failed + other.failed,
    requestsMilli: line.requestsMilli + other.requestsMilli,
  };
}

function parsed(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
