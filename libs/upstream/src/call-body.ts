import { type Command, type JsonPieces, jsonPieces, mergedInOrder } from '@b24/portal';

export interface EncodableCall extends Pick<Command, 'params' | 'v3'> {
  /** The parameters as JSON, if they were written already. */
  readonly json?: string;
}

/**
 * Writes the body of a request.
 * @param token goes last into the body, where a parameter `auth` is replaced by it; undefined if it is in a header
 */
export function callBody({ params, v3, json }: EncodableCall, token: string | undefined): JsonPieces {
  const pieces = json === undefined ? jsonPieces(v3?.body ?? params) : [json];
  if (token === undefined) return pieces;
  const isReplaced = json === undefined && (Array.isArray(params) || Object.hasOwn(params, 'auth'));
  return isReplaced ? jsonPieces(mergedInOrder(params, { auth: token })) : withToken(pieces, token);
}

/** @param pieces a JSON object */
function withToken(pieces: JsonPieces, token: string): JsonPieces {
  const end = String(pieces.at(-1)).slice(0, -1);
  const isEmpty = pieces.length === 1 && end === '{';
  return [...pieces.slice(0, -1), `${end}${isEmpty ? '' : ','}"auth":${JSON.stringify(token)}}`];
}
