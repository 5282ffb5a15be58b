import { createHash } from 'node:crypto';
import { negotiate } from '@fastify/accept-negotiator';
import type { Board } from './board-schemas';

const [json, lines] = ['application/json', 'application/x-ndjson'];

/** A board in the form that the caller accepts. */
export interface BoardAnswer {
  readonly contentType: string;
  /** Weak; absent for a board that changed while it was read, so that no later request is answered with 304. */
  readonly etag: string | undefined;
  readonly body: string;
}

/** Returns whether the caller prefers one record per line to one JSON object. */
export function prefersLines(accept: string | undefined): boolean {
  return accept !== undefined && negotiate(accept, [json, lines]) === lines;
}

export function boardAnswer(board: Board, asLines: boolean): BoardAnswer {
  return {
    contentType: `${asLines ? lines : json}; charset=utf-8`,
    etag: board.changedMeanwhile ? undefined : `W/"${digestOf(board)}${asLines ? '-lines' : ''}"`,
    body: asLines ? linesOf(board) : JSON.stringify(board),
  };
}

/** What the board holds, whatever it took to read it. */
function digestOf({ requests: _, changedMeanwhile: __, ...content }: Board): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
}

function linesOf({ group, backlog, epics, sprints, stages, tasks, requests, changedMeanwhile }: Board): string {
  const records = [
    ...[{ group }, { backlog }],
    ...epics.map((epic) => ({ epic })),
    ...sprints.map((sprint) => ({ sprint })),
    ...stages.map((stage) => ({ stage })),
    ...tasks.map((task) => ({ task })),
  ];
  const end = { records: records.length, requests, ...(changedMeanwhile && { changedMeanwhile }) };
  return [...records, { end }].map((record) => `${JSON.stringify(record)}\n`).join('');
}
