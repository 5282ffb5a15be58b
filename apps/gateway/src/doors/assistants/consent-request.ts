import { Fault } from '@b24/portal';
import type { Registration, Registrations } from './registrations';

/** The fields of a query or form. A name that occurs twice has no text. */
export type GivenFields = Readonly<Record<string, unknown>>;

/** What an app asks a person for, checked. */
export interface ConsentRequest {
  readonly clientId: string;
  readonly name: string;
  readonly redirectUri: string;
  /** The PKCE challenge, method S256. */
  readonly challenge: string;
  readonly state?: string;
}

const maxStateLength = 2000;

/**
 * Reads an authorization request (RFC 6749, section 4.1.1; RFC 7636; RFC 8707). Nobody is redirected with a fault, because
 * anyone can register an address (RFC 9700, section 4.11.2): it is shown.
 * @param resource the URL of the only resource, /mcp
 * @throws Fault assistant_not_registered, invalid_request
 */
export function readConsentRequest(given: GivenFields, registrations: Registrations, resource: string): ConsentRequest {
  const clientId = textIn(given, 'client_id');
  const registration = registrations.find(clientId);
  const redirectUri = redirectOf(given, registration);
  if (textIn(given, 'response_type') !== 'code') throw wrong('response_type', 'Must be `code`.');
  const mode = textIn(given, 'response_mode') ?? 'query';
  if (mode !== 'query') throw wrong('response_mode', 'Must be `query`.');
  assertResource(given, resource);
  const state = textIn(given, 'state');
  if ((state?.length ?? 0) > maxStateLength) throw wrong('state', `Must have at most ${maxStateLength} characters.`);
  return {
    ...{ clientId: clientId ?? '', name: registration.name, redirectUri, challenge: challengeOf(given) },
    ...(state !== undefined && { state }),
  };
}

/** Checks the audience of the tokens: /mcp, also if none is named. @throws Fault invalid_request */
export function assertResource(given: GivenFields, resource: string): void {
  const named = textIn(given, 'resource') ?? resource;
  if (named !== resource) throw wrong('resource', `Must be ${resource}.`);
}

/** Returns the text of a field; undefined if it is absent. @throws Fault invalid_request for a name that occurs twice */
export function textIn(given: GivenFields, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, 'Must occur once.');
}

/** Compared letter by letter (RFC 9700, section 4.1.3). */
function redirectOf(given: GivenFields, { redirectUris }: Registration): string {
  const named = textIn(given, 'redirect_uri') ?? (redirectUris.length === 1 ? redirectUris[0] : undefined);
  if (named === undefined || !redirectUris.includes(named))
    throw wrong('redirect_uri', 'Must be one that the app has registered.');
  return named;
}

function challengeOf(given: GivenFields): string {
  const challenge = textIn(given, 'code_challenge') ?? '';
  if (textIn(given, 'code_challenge_method') !== 'S256') throw wrong('code_challenge_method', 'Must be `S256`.');
  if (!/^[\w-]{43}$/.test(challenge)) throw wrong('code_challenge', 'Must be the base64url of a SHA-256.');
  return challenge;
}

/** The fault of one field. */
export function wrong(path: string, message: string): Fault {
  return new Fault('invalid_request', { detail: `${path}: ${message}`, errors: [{ path, message }] });
}
