import { Fault } from '@b24/portal';

/** Returns the fields of a posted form. @throws Fault unsupported_media_type for any other body */
export function formOf(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Fault('unsupported_media_type', { detail: 'Send a form, as Bitrix24 does.' });
}
