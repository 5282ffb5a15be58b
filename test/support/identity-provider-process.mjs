/* An OpenID Connect provider, run as a process of its own by `identity-provider.ts`. It signs in whom the test names. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

const [, , clientId, clientSecret, callbackUrl, returnUrl] = process.argv;
const [own, foreign] = await Promise.all(['RS256', 'RS256'].map((it) => generateKeyPair(it, { extractable: true })));
const kid = 'signing';
/** Set by the test: the claims of the person who signs in, what replaces claims of the ID token, and what fails. */
let wanted = { claims: { sub: 'nobody' }, replaced: {}, signedByOther: false, isDown: false };

const server = createServer();
await once(server.listen(0, '127.0.0.1'), 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [callbackUrl],
      post_logout_redirect_uris: [returnUrl],
    },
  ],
  jwks: { keys: [{ ...(await exportJWK(own.privateKey)), kid, alg: 'RS256', use: 'sig' }] },
  cookies: { keys: ['only for tests'] },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  scopes: ['openid', 'profile', 'email', 'groups'],
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false }, userinfo: { enabled: true } },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ ...wanted.claims, sub }) }),
  pkce: { required: () => true },
});

/** Signs in and consents at once. */
async function finishInteraction(request, response) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const accountId = wanted.claims.sub;
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId } });
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

provider.use(async (context, next) => {
  if (wanted.isDown) {
    context.status = 503;
    return;
  }
  await next();
  const { id_token: token } = context.path === '/token' ? (context.body ?? {}) : {};
  if (!token || (!wanted.signedByOther && Object.keys(wanted.replaced).length === 0)) return;
  context.body.id_token = await new SignJWT({ ...decodeJwt(token), ...wanted.replaced })
    .setProtectedHeader(decodeProtectedHeader(token))
    .sign(wanted.signedByOther ? foreign.privateKey : own.privateKey);
});

const callback = provider.callback();
server.on('request', (request, response) => {
  const work = request.url.startsWith('/interaction/') ? finishInteraction : callback;
  Promise.resolve(work(request, response)).catch((error) => response.destroy(error));
});
process.on('message', (message) => {
  wanted = { ...wanted, ...message };
  process.send('set');
});
process.on('disconnect', () => process.exit());
process.send({ issuer });
