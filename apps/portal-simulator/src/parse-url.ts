/** What PHP's `parse_url` finds that the vendor's batch reads: `crm.deal.get?id=1` has a path and a query. */
export interface UrlParts {
  readonly path?: string;
  readonly query?: string;
}

const nothing: UrlParts = {};

/** `parse_url` of bytes, one a character; no parts when PHP returns false or finds none. */
export function parseUrl(url: string): UrlParts {
  const colon = url.indexOf(':');
  if (colon > 0) return afterColon(url, colon);
  if (colon === 0) return withPort(url, colon);
  return url.startsWith('//') ? authority(url.slice(2), false) : pathAndQuery(url);
}

function afterColon(url: string, colon: number): UrlParts {
  if (!/^[a-z\d+.-]+$/i.test(url.slice(0, colon))) return withoutScheme(url, colon);
  const rest = url.slice(colon + 1);
  if (rest === '') return nothing;
  if (rest.startsWith('//')) return afterSlashes(url.slice(0, colon), rest.slice(2));
  return /^\d{0,5}(?:\/|$)/.test(rest) && !rest.startsWith('/') ? withPort(url, colon) : pathAndQuery(rest);
}

function withoutScheme(url: string, colon: number): UrlParts {
  const end = url.search(/[?#]/);
  if (colon + 1 < url.length && (end < 0 || colon < end)) return withPort(url, colon);
  return url.startsWith('//') ? authority(url.slice(2), false) : pathAndQuery(url);
}

/** A file may have no host: `file:///etc/hosts`, `file:///c:/x`. */
function afterSlashes(scheme: string, rest: string): UrlParts {
  if (scheme.toLowerCase() !== 'file' || !rest.startsWith('/')) return authority(rest, false);
  return pathAndQuery(rest[2] === ':' ? rest.slice(1) : rest);
}

function withPort(url: string, colon: number): UrlParts {
  const after = url.slice(colon + 1);
  const port = /^(\d{1,5})(?:\/|$)/.exec(after)?.[1];
  const relative = url.startsWith('//');
  if (port !== undefined) {
    return Number(port) > 65_535 ? nothing : authority(relative ? url.slice(2) : url, Number(port) > 0);
  }
  if (after === '') return nothing;
  return relative ? authority(url.slice(2), false) : pathAndQuery(url);
}

function authority(text: string, portKnown: boolean): UrlParts {
  const end = text.search(/[/?#]/);
  const whole = end < 0 ? text : text.slice(0, end);
  const hostAndPort = whole.slice(whole.lastIndexOf('@') + 1);
  const isAddress = hostAndPort.startsWith('[') && hostAndPort.endsWith(']');
  const colon = isAddress ? -1 : hostAndPort.lastIndexOf(':');
  if (colon >= 0 && !portKnown && !isPort(hostAndPort.slice(colon + 1))) return nothing;
  if (colon === 0 || hostAndPort === '' || end < 0) return nothing;
  return pathAndQuery(text.slice(end));
}

/** As `strtol` reads it: digits, perhaps with something behind them. */
function isPort(text: string): boolean {
  if (text === '') return true;
  const port = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text)?.[1];
  return text.length <= 5 && port !== undefined && Number(port) >= 0 && Number(port) <= 65_535;
}

function pathAndQuery(text: string): UrlParts {
  const [beforeFragment = ''] = text.split('#');
  const mark = beforeFragment.indexOf('?');
  const path = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  return {
    ...(path === '' && text !== '' ? {} : { path: printable(path) }),
    ...(mark < 0 ? {} : { query: printable(beforeFragment.slice(mark + 1)) }),
  };
}

/** Control characters become underscores. */
function printable(text: string): string {
  return text.replace(/[\0-\x1f\x7f]/g, '_');
}
