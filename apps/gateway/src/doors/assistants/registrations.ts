import { Fault } from '@b24/portal';
import type { Sealer } from '@b24/seal';
import { z } from 'zod';
import { isRedirectUri } from './redirect-uri';
import { SealedJson } from './sealed-json';

/** Longer than the client id of the largest registration. */
const maxClientIdLength = 8000;
/** Control, format and private characters, such as those that turn the direction of a text. */
const invisible = /[\p{C}\p{Zl}\p{Zp}]/gu;

const redirectUri = z
  .string()
  .max(400)
  .refine(isRedirectUri, 'Must be an https URL, or http on localhost, 127.0.0.1 or [::1], without a fragment.');

/** What is read of a registration (RFC 7591, section 2); all else, such as a logo, is neither stored nor fetched. */
export const registrationSchema = z
  .object({
    redirect_uris: z.array(redirectUri).min(1).max(5),
    client_name: z.string().max(100).optional(),
  })
  .transform(({ redirect_uris: redirectUris, client_name: name = '' }) => ({
    redirectUris,
    name: name.replace(invisible, '').trim() || new URL(redirectUris[0] ?? '').host,
  }));

/** An app that may ask people for their consent. Nobody has checked its name. */
export type Registration = z.output<typeof registrationSchema>;

/**
 * The client ids of apps. An id is the registration itself, sealed (RFC 7591, appendix A.5.2), so that no number of
 * registrations takes memory, and every replica knows each.
 */
export class Registrations {
  private readonly ids: SealedJson<Registration>;

  constructor(sealer: Sealer) {
    this.ids = new SealedJson(sealer, maxClientIdLength);
  }

  /** Returns the client id of an app. */
  register(registration: Registration): string {
    return this.ids.seal(registration, 'client id');
  }

  /** @throws Fault assistant_not_registered */
  find(clientId: string | undefined): Registration {
    const registration = clientId === undefined ? undefined : this.ids.open(clientId, 'client id');
    if (!registration) throw new Fault('assistant_not_registered');
    return registration;
  }
}
