import type { Settings } from '../../settings';

/** Where people give their consent. */
export const consentPath = '/assistants/authorize';
/** Where apps get tokens, register and end themselves. */
export const tokenPath = '/assistants/token';
export const registrationPath = '/assistants/register';
export const revocationPath = '/assistants/revoke';

/** The URL of the authorization server as apps compare it: in lower case, without a default port or a slash. */
export function issuerOf({ publicUrl }: Pick<Settings, 'publicUrl'>): string {
  return new URL(publicUrl).origin;
}

/** The URL of the resource, which is the audience of every token. */
export function resourceOf(settings: Pick<Settings, 'publicUrl'>): string {
  return `${issuerOf(settings)}/mcp`;
}

/** Where the metadata of a resource is: its path comes last (RFC 9728, section 3.1). */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource/mcp';
