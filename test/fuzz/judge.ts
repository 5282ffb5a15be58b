import { type FaultCode, faultTable } from '@b24/portal';
import type { ApiDocument } from '../support/api-document';
import type { Sketch } from './sketch';
import type { WireReply, WireOutcome } from './wire';

export interface FuzzedCall {
  readonly sketch: Sketch;
  /** Whether it may no longer be a request of its operation. */
  readonly astray: boolean;
  readonly outcome: WireOutcome;
}

/** Returns what is wrong with an answer, as a sentence; undefined when it is correct. */
export function complaintOf(document: ApiDocument, { sketch, astray, outcome }: FuzzedCall): string | undefined {
  if (outcome === 'late') return 'There was no answer in time.';
  if (outcome === 'silent') return mayBeSilent(sketch) ? undefined : 'The connection ended without an answer.';
  const { status, headers, text } = outcome;
  if (status === 0) return text;
  if (status === 500) return `500: ${text.slice(0, 300)}`;
  if (!headers['x-request-id']) return `${status} without X-Request-Id.`;
  if (sketch.method === 'HEAD') return undefined;
  const reported = bodyOf(outcome);
  if ('complaint' in reported) return reported.complaint;
  const problem = problemComplaint(outcome, reported.body);
  if (problem) return problem;
  // A request that may belong to no operation may get any problem of the table.
  if (astray && status >= 400 && isProblem(outcome)) return undefined;
  // Raw bytes have no known operation.
  return sketch.raw === undefined ? documentedComplaint(document, sketch, outcome, reported.body) : undefined;
}

function documentedComplaint(
  document: ApiDocument,
  { method, path }: Sketch,
  { status, headers }: WireReply,
  body: unknown,
): string | undefined {
  const operation = document.operationAt(method, path);
  if (operation) return document.complaintOf(operation, { status, type: headers['content-type'] ?? '', body });
  const others = document.operations.some((it) => document.operationAt(it.method, path));
  return others && status < 400 ? `${status} to ${method}, which openapi.json does not know at this path.` : undefined;
}

/** Parses JSON; returns any other body as text. */
function bodyOf({ headers, text }: WireReply): { body: unknown } | { complaint: string } {
  if (!/\bjson\b/.test(headers['content-type'] ?? '') || text === '') return { body: text === '' ? undefined : text };
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    return { complaint: `An answer of ${headers['content-type']} that is no JSON: ${text.slice(0, 200)}` };
  }
}

function isProblem({ headers }: WireReply): boolean {
  return headers['content-type']?.startsWith('application/problem+json') ?? false;
}

/** Checks that the code of a problem is in the table and has the status of the problem. */
function problemComplaint(answered: WireReply, body: unknown): string | undefined {
  if (!isProblem(answered)) return undefined;
  const { code, status, requestId } = (body ?? {}) as { code?: string; status?: number; requestId?: string };
  const row = Object.hasOwn(faultTable, code ?? '') ? faultTable[code as FaultCode] : undefined;
  if (!row) return `A problem of the code ${code}, which is not in the table.`;
  if (row.status !== answered.status || status !== answered.status)
    return `${answered.status} with ${code}, which is ${row.status}.`;
  if (requestId !== answered.headers['x-request-id']) return `${code}: requestId is not X-Request-Id.`;
  return undefined;
}

/** A caller that hung up, or that did not send HTTP, need not get an answer. */
function mayBeSilent({ framing, raw, method }: Sketch): boolean {
  return (
    raw !== undefined || framing === 'gone' || framing === 'half' || framing === 'too long' || method === 'CONNECT'
  );
}
