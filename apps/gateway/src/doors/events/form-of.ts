import { Fault } from '@b24/portal';

/** The fields of a form that was posted. @throws Fault unsupported_media_type for anything else */
export function formOf(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Fault('unsupported_media_type', { detail: 'Send a form, as Bitrix24 does.' });
}
