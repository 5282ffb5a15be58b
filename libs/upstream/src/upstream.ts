import {
  type Authorization,
  type Clock,
  type Command,
  ExchangeFailure,
  Fault,
  type HttpAnswer,
  type Post,
  type SendAuthorized,
} from '@b24/portal';
import { decodeCall } from './call-codec';

/** Longer than the vendor's own 60 s: whoever gives up sooner does not know what became of a write. */
const callTimeoutMs = 70_000;

export interface UpstreamOptions {
  readonly post: Post;
  readonly clock: Clock;
}

/** The last station: encode, POST, decode, translate. One command a trip until trips carry batches. */
export function upstream({ post, clock }: UpstreamOptions): SendAuthorized {
  return async (authorization, commands, signal) => {
    const [command, ...others] = commands;
    if (!command || others.length > 0) throw new Fault('internal_error', { detail: 'A trip carries one command.' });
    signal.throwIfAborted();
    const startedAt = clock.now();
    const answer = await exchange(post, authorization, command);
    const now = clock.now();
    return [decodeCall(command, withoutSecrets(answer, authorization), now - startedAt, now)];
  };
}

async function exchange(post: Post, { endpoint, accessToken }: Authorization, command: Command): Promise<HttpAnswer> {
  const body = accessToken ? { ...command.params, auth: accessToken.reveal() } : command.params;
  try {
    const url = `${endpoint.reveal()}${command.method}`;
    return await post(url, { type: 'application/json', text: JSON.stringify(body) }, { timeoutMs: callTimeoutMs });
  } catch (error) {
    if (!(error instanceof ExchangeFailure)) throw error;
    throw new Fault(error.sent ? 'outcome_unknown' : 'portal_unreachable', {
      detail: error.sent
        ? `The connection to the portal ended without an answer (${error.reason}); the call may have been carried out.`
        : `No connection to the portal could be made (${error.reason}), so the call was not sent.`,
    });
  }
}

/** A vendor or a proxy that repeats the request in its error must not make us repeat the secret. */
function withoutSecrets({ status, body }: HttpAnswer, { endpoint, accessToken }: Authorization): HttpAnswer {
  const secret = accessToken?.reveal() ?? endpoint.reveal().split('/').at(-2) ?? '';
  return { status, body: body.includes(secret) ? body.replaceAll(secret, '[secret]') : body };
}
