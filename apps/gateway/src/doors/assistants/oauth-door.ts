import { type Fault, type FaultCode } from '@b24/portal';
import type { Door, FaultRenderer } from '../../http/door';
import { registrationPath } from './assistant-paths';

/** The error codes of RFC 6749, RFC 7591 and RFC 8707 that apps know. */
const errors: Partial<Record<FaultCode, string>> = {
  assistant_token_invalid: 'invalid_grant',
  assistant_not_registered: 'invalid_client',
  body_too_large: 'invalid_request',
  unsupported_media_type: 'invalid_request',
  internal_error: 'server_error',
};
const errorsOfFields: Readonly<Record<string, string>> = {
  grant_type: 'unsupported_grant_type',
  resource: 'invalid_target',
  redirect_uris: 'invalid_redirect_uri',
};

/** Renders a fault as OAuth does (RFC 6749, section 5.2): `error` and `error_description`. */
const renderOauthError: FaultRenderer = (fault, request, reply) => {
  const isRegistration = request.routeOptions.url === registrationPath;
  const error = fault.code === 'invalid_request' ? errorOfField(fault, isRegistration) : errors[fault.code];
  // Only a lost registration is 401, by which apps know that they must register themselves once more.
  const status = fault.code === 'assistant_token_invalid' ? 400 : fault.status;
  if (status === 401) void reply.header('WWW-Authenticate', 'Bearer');
  void reply
    .status(status)
    .header('Content-Type', 'application/json; charset=utf-8')
    .send(JSON.stringify({ error: error ?? 'temporarily_unavailable', error_description: describe(fault) }));
};

/** Admits apps, which prove themselves by codes and tokens in the body. */
export const oauthDoor: Door = { needsStore: true, takesForms: true, renderFault: renderOauthError };

function errorOfField({ errors: fields = [] }: Fault, isRegistration: boolean): string {
  const [name = ''] = (fields[0]?.path ?? '').split('.', 1);
  return errorsOfFields[name] ?? (isRegistration ? 'invalid_client_metadata' : 'invalid_request');
}

/** Returns the sentence in the letters that RFC 6749 allows. */
function describe({ message, errors: fields = [] }: Fault): string {
  const [first] = fields;
  const text = first && !message.startsWith(first.path) ? `${first.path}: ${first.message}` : message;
  return text.slice(0, 500).replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
}
