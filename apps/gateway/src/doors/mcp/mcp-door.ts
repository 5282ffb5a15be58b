import { type Client, isAccessToken } from '@b24/access';
import { Fault } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import type { Door, DoorDependencies, FaultRenderer } from '../../http/door';
import { bearerToken, authenticateKey } from '../../http/authenticate-key';
import { withinDeadline } from '../../http/caller';
import { renderProblem } from '../../http/render-problem';
import type { Settings } from '../../settings';
import { issuerOf, resourceMetadataPath } from '../assistants/assistant-paths';

/** Renders a problem; one without a valid key or token says where an app learns how to get a token (RFC 9728, section 5.1). */
const renderMcpProblem: FaultRenderer = (fault, request, reply) => {
  const { settings } = request.scope;
  if (fault.status === 401 && settings.mcpOauth) {
    const error = request.headers.authorization ? ', error="invalid_token"' : '';
    const metadata = `resource_metadata="${issuerOf(settings)}${resourceMetadataPath}"`;
    void reply.header('WWW-Authenticate', `Bearer ${metadata}${error}`);
  }
  renderProblem(fault, request, reply);
};

/** Admits assistants with a key or an access token in `Authorization`, but no page of a foreign origin. */
export const mcpDoor: Door = {
  needsStore: true,
  carriesPayload: true,
  renderFault: renderMcpProblem,
  admit: (request, parts) => {
    mustBeOurs(request.headers.origin, parts.settings);
    const { authorization } = request.headers;
    if (!authorization) throw new Fault('key_missing');
    const token = bearerToken(authorization);
    return parts.settings.mcpOauth && token !== undefined && isAccessToken(token)
      ? withinDeadline(request, authenticateAssistant(request, token, parts))
      : authenticateKey(request, token, parts);
  },
};

/** Returns the client as which an assistant acts. @throws Fault assistant_token_invalid, key_expired, too_many_attempts */
async function authenticateAssistant(
  request: FastifyRequest,
  token: string,
  { assistants, throttle }: DoorDependencies,
): Promise<Client> {
  const admitted = await assistants.admit(token);
  if (!admitted) {
    throttle.wrongKey(request);
    throw new Fault('assistant_token_invalid');
  }
  request.scope.assistant = admitted.assistant;
  return admitted.client;
}

/** Checks the origin that a browser sends. @throws Fault not_allowed for an origin that no setting names */
function mustBeOurs(origin: string | undefined, { publicUrl, corsOrigins }: Settings): void {
  if (origin === undefined || origin === new URL(publicUrl).origin || corsOrigins.includes(origin)) return;
  throw new Fault('not_allowed', {
    detail: 'Pages of this origin may not come here: CORS_ORIGINS names those that may.',
  });
}
