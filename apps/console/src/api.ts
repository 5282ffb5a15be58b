/** RFC 9457, as the gateway tells every failure. */
export interface ApiProblem {
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly code: string;
  readonly requestId?: string;
  readonly retryable?: boolean;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly upstream?: { readonly method: string; readonly error: string; readonly description: string };
  readonly authorizeUrl?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly text: string;
}

/** What went wrong with a call, for `ProblemBox` to show. */
export class Refused extends Error {
  constructor(readonly problem: ApiProblem) {
    super(problem.title);
  }
}

export const signedOut = new EventTarget();

/** The header says to the gateway that its own page asks: no other site's page may send it. */
const own = { 'X-Console': '1' };

/** Any answer, also a problem; rejects with Refused when there is none. */
export async function ask(
  method: string,
  path: string,
  { body, headers, signal }: { body?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const sent: RequestInit = {
    method,
    headers: { ...own, ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body }),
    ...(signal && { signal }),
  };
  try {
    const response = await fetch(path, sent);
    if (response.status === 401 && path !== '/console/session') signedOut.dispatchEvent(new Event('signed-out'));
    return response;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused({
      title: 'The gateway does not answer',
      detail: 'It may be restarting, or your connection is down. Wait a moment and try again.',
      status: 0,
      code: 'no_answer',
    });
  }
}

/** The body of an answer that went well. @throws Refused */
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await ask(method, path, {
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw new Refused(problemIn(response.status, text));
}

/** The problem in an answer that went wrong. */
export function problemIn(status: number, text: string): ApiProblem {
  try {
    return JSON.parse(text) as ApiProblem;
  } catch {
    return {
      title: `The gateway answered ${status}`,
      detail:
        'Something between this page and the gateway answered in its place. Try again; if it stays, look at the proxy.',
      status,
      code: 'unreadable_answer',
    };
  }
}

export function problemOf(error: unknown): ApiProblem {
  if (error instanceof Refused) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'This page failed', detail: `${detail} Reload it.`, status: 0, code: 'page_failed' };
}
