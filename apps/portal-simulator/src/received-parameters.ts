import { jsonDecode } from './json-decode';
import { OrderedArray, merged, replaced } from './ordered-array';
import { parseStr } from './php-query';
import type { ReceivedBody } from './received-body';

interface ReceivedRequest {
  readonly httpMethod: string;
  readonly queryParameters: OrderedArray;
  readonly received: ReceivedBody;
  header(name: string): string;
}

/** The parameters of query and body together: the body's win (docs/bitrix24-rules.md#values). */
export function requestParameters(request: ReceivedRequest): OrderedArray {
  const { queryParameters, received } = request;
  if (received.posted.size > 0) return merged(queryParameters, received.posted);
  return replaced(merged(queryParameters), bodyParameters(request));
}

/**
 * The parameters of the body. What PHP has read as a form counts; otherwise the body of a POST is JSON if its type says
 * so, or parsed as a form whatever its type. JSON that can't be decoded, or is no array, has no parameters.
 */
export function bodyParameters(request: ReceivedRequest): OrderedArray {
  const { httpMethod, received } = request;
  if (received.posted.size > 0) return received.posted;
  const contentType = request.header('content-type').split(';', 1)[0]?.trim() ?? '';
  if (httpMethod !== 'POST' || contentType.toLowerCase() === 'multipart/form-data') return new OrderedArray();
  const bytes = trimmed(received.bytes);
  if (contentType !== 'application/json') return parseStr(bytes.toString('latin1'));
  const decoded = jsonDecode(bytes)?.value;
  return decoded instanceof OrderedArray ? decoded : new OrderedArray();
}

/** PHP's `trim`: blanks, line ends, tabs and NUL. */
function trimmed(bytes: Buffer): Buffer {
  const blanks = new Set(Buffer.from(' \t\n\r\0\v'));
  let [start, end] = [0, bytes.length];
  while (start < end && blanks.has(bytes[start] ?? 0)) start += 1;
  while (end > start && blanks.has(bytes[end - 1] ?? 0)) end -= 1;
  return bytes.subarray(start, end);
}
