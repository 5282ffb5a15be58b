import { type Authorization, type HttpAnswer, Scrubber, Secret, setNewest } from '@b24/portal';
import { fileLink } from './file-link';

/** Maximum number of cached scrubbers; one takes about a kilobyte, and a portal that is called each minute needs its own. */
const maxScrubbers = 20_000;
/** Access tokens searched per portal: the one in use and earlier ones, which answers may still repeat. */
const maxTokens = 3;

interface CachedScrubber {
  readonly tokens: readonly Secret[];
  /** All secrets joined, to detect a change. */
  readonly secrets: string;
  readonly scrubber: Scrubber;
}

/**
 * Returns a function that removes a request's secrets, in any encoding, and links with tokens from its answer (decision
 * 25). Links to files are replaced by links of the gateway.
 */
export function answerScrubber(
  linkFor: (vendorLink: URL) => string | undefined = () => undefined,
): (answer: HttpAnswer, authorization: Authorization) => HttpAnswer {
  /** By endpoint. */
  const stored = new Map<string, CachedScrubber>();
  /** One object stands for the same secrets always. */
  const used = new WeakMap<Authorization, CachedScrubber>();

  function scrubberOf(authorization: Authorization): Scrubber {
    const url = authorization.endpoint.reveal();
    const own = used.get(authorization);
    const known = stored.get(url);
    if (own && own === known) return own.scrubber;
    // Of a token that was replaced meanwhile: the scrubber of the newer one searches for both.
    const [token] = own?.tokens ?? [];
    if (own && token) return known?.tokens.includes(token) ? known.scrubber : own.scrubber;
    const made = scrubberFor(authorization, url, known);
    used.set(authorization, made);
    return made.scrubber;
  }

  function scrubberFor(authorization: Authorization, url: string, known: CachedScrubber | undefined): CachedScrubber {
    const { accessToken, otherSecrets = [] } = authorization;
    const token = accessToken ?? webhookSecret(url);
    const earlier = known?.tokens.filter((it) => it.reveal() !== token.reveal()) ?? [];
    const tokens = [token, ...earlier].slice(0, maxTokens);
    const all = [...tokens, ...otherSecrets];
    const secrets = all.map((it) => it.reveal()).join(' ');
    if (known?.secrets === secrets) return known;
    const scrubber = Scrubber.of(all, url.split('/')[2], (link) => {
      const file = fileLink(link, url);
      return file && linkFor(file);
    });
    const made = { tokens, secrets, scrubber };
    setNewest(stored, url, made, maxScrubbers);
    return made;
  }

  return (answer, authorization) => {
    const body = scrubberOf(authorization).body(answer.body);
    return body === answer.body ? answer : { ...answer, body };
  };
}

/** Returns the secret of `https://<portal>/rest/<user>/<secret>/`. */
function webhookSecret(endpoint: string): Secret {
  return new Secret(endpoint.split('/').at(-2) ?? '');
}
