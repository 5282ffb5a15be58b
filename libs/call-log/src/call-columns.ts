import type { CallRecord } from './call-record';

/** The calls of a block as JSON: texts once, calls as columns of numbers, which compress well. */
export interface CallColumns {
  /** The block's id. */
  readonly id: string;
  /** The time of the first call, unix milliseconds. */
  readonly atMs: number;
  readonly texts: readonly string[];
  /** One entry for each distinct request id: 0 for a UUID, which is stored as bytes, otherwise the id. */
  readonly requests: readonly (string | 0)[];
  readonly columns: readonly (readonly number[])[];
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const uuidBytes = 16;
/** The columns of texts, in this order, before those of numbers. */
const textFields = [
  'client',
  'clientName',
  'portal',
  'method',
  'operation',
  'outcome',
  'error',
  'description',
] as const;
const numberFields = ['queueMs', 'upstreamMs', 'commands', 'retries'] as const;
const timeColumn = textFields.length + numberFields.length;
const restColumn = timeColumn + 1;
const requestColumn = timeColumn + 2;

/** Returns the columns of calls, and the UUIDs among their request ids as bytes. */
export function columnsOf(id: string, calls: readonly CallRecord[]): { columns: CallColumns; uuids: Buffer } {
  const texts = new TextList();
  const requests = new RequestList();
  const atMs = calls[0]?.atMs ?? 0;
  let previousMs = atMs;
  const columns = [
    ...textFields.map((field) => calls.map((call) => texts.add(call[field]))),
    ...numberFields.map((field) => calls.map((call) => Math.round(call[field]))),
    calls.map((call) => {
      const sinceMs = call.atMs - previousMs;
      previousMs = call.atMs;
      return sinceMs;
    }),
    calls.map(({ tookMs, queueMs, upstreamMs }) => Math.round(tookMs) - Math.round(queueMs) - Math.round(upstreamMs)),
    calls.map(({ requestId }) => requests.add(requestId)),
  ];
  return { columns: { id, atMs, texts: texts.all, requests: requests.all, columns }, uuids: requests.uuids };
}

/** Returns the calls of columns. @throws TypeError, RangeError for columns that do not fit together */
export function callsOf({ atMs, texts, requests, columns }: CallColumns, uuids: Buffer): CallRecord[] {
  const requestIds = requestIdsOf(requests, uuids);
  const [client, clientName, portal, method, operation, outcome, error, description] = textFields.map(
    (_, column) => new TextColumn(columnAt(columns, column), texts),
  ) as TextColumns;
  const [queueMs, upstreamMs, commands, retries, sinceMs, restMs, distances] = [
    ...[...numberFields.keys()].map((i) => new NumberColumn(columnAt(columns, textFields.length + i))),
    ...[timeColumn, restColumn, requestColumn].map((column) => new NumberColumn(columnAt(columns, column))),
  ] as NumberColumns;
  let timeMs = atMs;
  let seen = 0;
  return columnAt(columns, timeColumn).map((_, row) => {
    timeMs += sinceMs.at(row);
    const distance = distances.at(row);
    return {
      atMs: timeMs,
      client: client.at(row),
      clientName: clientName.at(row),
      portal: portal.at(row) as CallRecord['portal'],
      method: method.at(row),
      operation: operation.maybeAt(row),
      outcome: outcome.at(row) as CallRecord['outcome'],
      requestId: distance < 0 ? undefined : requestIds[distance === 0 ? seen++ : seen - distance],
      tookMs: queueMs.at(row) + upstreamMs.at(row) + restMs.at(row),
      queueMs: queueMs.at(row),
      upstreamMs: upstreamMs.at(row),
      commands: commands.at(row),
      retries: retries.at(row),
      error: error.maybeAt(row),
      description: description.maybeAt(row),
    };
  });
}

type Seven<T> = [T, T, T, T, T, T, T];
type TextColumns = [TextColumn, ...Seven<TextColumn>];
type NumberColumns = Seven<NumberColumn>;

function columnAt(columns: CallColumns['columns'], column: number): readonly number[] {
  const all = columns[column];
  if (!all) throw new RangeError('A column is missing.');
  return all;
}

class NumberColumn {
  constructor(private readonly values: readonly number[]) {}

  at(row: number): number {
    const value = this.values[row];
    if (typeof value !== 'number') throw new TypeError('A column is too short.');
    return value;
  }
}

class TextColumn {
  private readonly positions: NumberColumn;

  constructor(
    positions: readonly number[],
    private readonly texts: readonly string[],
  ) {
    this.positions = new NumberColumn(positions);
  }

  at(row: number): string {
    const text = this.maybeAt(row);
    if (text === undefined) throw new TypeError('A text is missing.');
    return text;
  }

  maybeAt(row: number): string | undefined {
    const position = this.positions.at(row);
    if (position === 0) return undefined;
    const text = this.texts[position - 1];
    if (typeof text !== 'string') throw new TypeError('A text is missing.');
    return text;
  }
}

function requestIdsOf(requests: CallColumns['requests'], uuids: Buffer): string[] {
  let used = 0;
  return requests.map((text) => {
    if (text !== 0) return text;
    const hex = uuids.toString('hex', used, (used += uuidBytes));
    const cuts = [0, 8, 12, 16, 20, 32];
    return cuts
      .slice(1)
      .map((end, i) => hex.slice(cuts[i], end))
      .join('-');
  });
}

/** Distinct texts; a text is named by its position from 1, an absent one by 0. */
class TextList {
  readonly all: string[] = [];
  private readonly known = new Map<string, number>();

  add(text: string | undefined): number {
    if (text === undefined) return 0;
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const position = this.all.push(text);
    this.known.set(text, position);
    return position;
  }
}

/** Distinct request ids; a new one is named by 0, a known one by its distance from the end, an absent one by -1. */
class RequestList {
  readonly all: (string | 0)[] = [];
  private readonly known = new Map<string, number>();
  private readonly uuidTexts: string[] = [];

  get uuids(): Buffer {
    return Buffer.from(this.uuidTexts.join('').replaceAll('-', ''), 'hex');
  }

  add(id: string | undefined): number {
    if (id === undefined) return -1;
    const known = this.known.get(id);
    if (known !== undefined) return this.all.length - known;
    this.known.set(id, this.all.length);
    const isUuid = uuid.test(id);
    if (isUuid) this.uuidTexts.push(id);
    this.all.push(isUuid ? 0 : id);
    return 0;
  }
}
