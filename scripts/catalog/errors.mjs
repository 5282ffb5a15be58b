import { plain, proseOf } from './page-text.mjs';
import { areaOf } from './sections.mjs';
import { tablesOf } from './tables.mjs';

const begins = /^(?:error handling|errors|possible errors?(?: codes?)?|typical errors|error codes)\b/i;
const ends = /^(?:continue|code examples|response)\b/i;
/** Sections that every page includes: the fields of an error, and the errors of any method. */
const common = /^(?:returned error information|statuses and system error codes)\b/i;
/** Some pages have the HTTP status in the column of codes. */
const httpStatus = /^[45]\d\d$/;

/** Returns the error codes that a page lists for its method: the HTTP status by code, 0 where the page gives none. */
export function errorsOf(sections) {
  const own = areaOf(sections, begins, ends).filter(({ title }) => !common.test(title));
  const text = own.map((it) => it.text).join('\n');
  const only = onlyStatus(text);
  const codes = new Map();
  for (const rows of tablesOf(text)) for (const [code, status] of codesOf(rows)) addCode(codes, code, status || only);
  return codes;
}

/** Of several rows with one code, the status stays that all of them have. */
function addCode(codes, code, status) {
  const before = codes.get(code);
  codes.set(code, before === undefined || before === status ? status : 0);
}

function codesOf([header = [], ...rows]) {
  const columns = header.map((cell) => plain(cell).replace(/\*/g, '').trim());
  const at = columns.findIndex((it) => /^(?:error )?code\b/i.test(it));
  const statusAt = columns.findIndex((it) => /^(?:http )?status\b/i.test(it));
  if (at < 0) return [];
  return rows.flatMap((row) => codesIn(row[at] ?? '').map((code) => [code, statusIn(row[statusAt] ?? '')]));
}

/** Returns the codes of a cell: what stands as code on its first line. A text with spaces is a message. */
function codesIn(cell) {
  const [line = ''] = plain(cell).trim().split('\n');
  const named = [...line.matchAll(/`([^`]+)`/g)].map(([, it]) => it);
  const codes = named.length > 0 ? named : line.replaceAll('*', '').split(/,\s*/);
  return codes
    .map((it) => it.trim())
    .filter((it) => /^[\w.:-]{1,80}$/.test(it) && /\w/.test(it) && !httpStatus.test(it));
}

function statusIn(cell) {
  return Number(/\b[45]\d\d\b/.exec(cell)?.[0] ?? 0);
}

/** Returns the status that the section names if it is the only one, else 0. */
function onlyStatus(text) {
  const line = /HTTP[ -]status:?(.*)/i.exec(proseOf(text))?.[1] ?? '';
  const statuses = line.match(/\b[45]\d\d\b/g) ?? [];
  return statuses.length === 1 ? Number(statuses[0]) : 0;
}
