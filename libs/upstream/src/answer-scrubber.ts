import { type Authorization, type HttpAnswer, Scrubber, Secret } from '@b24/portal';
import { fileLink } from './file-link';

/** Maximum number of cached scrubbers; one takes about a kilobyte. */
const maxScrubbers = 2000;
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
  const stored = new Map<string, CachedScrubber>();

  function scrubberOf({ endpoint, accessToken, otherSecrets = [] }: Authorization): Scrubber {
    const url = endpoint.reveal();
    const token = accessToken ?? webhookSecret(url);
    const known = stored.get(url);
    const earlier = known?.tokens.filter((it) => it.reveal() !== token.reveal()) ?? [];
    const tokens = [token, ...earlier].slice(0, maxTokens);
    const all = [...tokens, ...otherSecrets];
    const secrets = all.map((it) => it.reveal()).join(' ');
    if (known?.secrets === secrets) return known.scrubber;
    const scrubber = Scrubber.of(all, url.split('/')[2], (link) => {
      const file = fileLink(link, url);
      return file && linkFor(file);
    });
    stored.delete(url);
    stored.set(url, { tokens, secrets, scrubber });
    const [oldest] = stored.keys();
    if (stored.size > maxScrubbers && oldest !== undefined) stored.delete(oldest);
    return scrubber;
  }

  return (answer, authorization) => ({ ...answer, body: scrubberOf(authorization).body(answer.body) });
}

/** Returns the secret of `https://<portal>/rest/<user>/<secret>/`. */
function webhookSecret(endpoint: string): Secret {
  return new Secret(endpoint.split('/').at(-2) ?? '');
}
