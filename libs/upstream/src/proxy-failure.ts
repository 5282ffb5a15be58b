const prefix = 'PROXY_';
/** What a proxy's silence or end is called, besides the system's own codes. */
const knownCodes: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'TIMEOUT',
  UND_ERR_SOCKET: 'CLOSED',
};

/** An error with a code such as `PROXY_STATUS_407` or `PROXY_ECONNREFUSED`: no connection was made, so nothing was sent. */
export function proxyFailure(cause: unknown): NodeJS.ErrnoException {
  return Object.assign(new Error('The outgoing proxy made no connection.'), { code: `${prefix}${failureCode(cause)}` });
}

/** Returns whether the reason of a failure is that of an outgoing proxy. */
export function isProxyFailure(reason: string): boolean {
  return reason.startsWith(prefix);
}

function failureCode(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  const found = typeof code === 'string' ? code : (name ?? 'UNKNOWN');
  return knownCodes[found] ?? found;
}
