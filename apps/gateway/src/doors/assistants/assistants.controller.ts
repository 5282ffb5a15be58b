import { Assistants, type AssistantTokens } from '@b24/access';
import { Fault } from '@b24/portal';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { openDoor, Through } from '../../http/door';
import { settingsToken } from '../../http/injection-tokens';
import { Throttle } from '../../http/throttle';
import type { Settings } from '../../settings';
import { formOf } from '../events/form-of';
import {
  consentPath,
  issuerOf,
  registrationPath,
  resourceMetadataPath,
  resourceOf,
  revocationPath,
  tokenPath,
} from './assistant-paths';
import { assertResource, type GivenFields, readConsentRequest, textIn, wrong } from './consent-request';
import { assertOwnForm, consentDoor } from './consent-door';
import { Consents } from './consents';
import { oauthDoor } from './oauth-door';
import { type Registration, Registrations, registrationSchema } from './registrations';

/** The one scope. What an assistant may do is what its key may do. */
const scope = 'mcp';

/**
 * The authorization server for assistants (docs/mcp.md): the profile of OAuth 2.1 that the Model Context Protocol asks
 * for, with codes for PKCE and refresh tokens. Every URL in its answers comes from PUBLIC_URL.
 */
@ApiExcludeController()
@Controller()
export class AssistantsController {
  private readonly issuer: string;
  private readonly resource: string;

  constructor(
    private readonly registrations: Registrations,
    private readonly consents: Consents,
    private readonly assistants: Assistants,
    private readonly throttle: Throttle,
    @Inject(settingsToken) settings: Settings,
  ) {
    this.issuer = issuerOf(settings);
    this.resource = resourceOf(settings);
  }

  /** RFC 9728. */
  @Get([resourceMetadataPath, '.well-known/oauth-protected-resource'])
  @Through(openDoor)
  resourceMetadata(): object {
    return {
      resource: this.resource,
      authorization_servers: [this.issuer],
      scopes_supported: [scope],
      bearer_methods_supported: ['header'],
      resource_name: 'b24-gateway',
    };
  }

  /** RFC 8414. */
  @Get('.well-known/oauth-authorization-server')
  @Through(openDoor)
  serverMetadata(): object {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}${consentPath}`,
      token_endpoint: `${this.issuer}${tokenPath}`,
      registration_endpoint: `${this.issuer}${registrationPath}`,
      revocation_endpoint: `${this.issuer}${revocationPath}`,
      scopes_supported: [scope],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  /** RFC 7591. */
  @Post(registrationPath)
  @Through(oauthDoor)
  @HttpCode(201)
  register(@Body({ schema: registrationSchema }) wanted: Registration, @Req() request: FastifyRequest): object {
    this.throttle.page(request);
    return {
      client_id: this.registrations.register(wanted),
      client_id_issued_at: Math.floor(request.scope.clock.now() / 1000),
      client_name: wanted.name,
      redirect_uris: wanted.redirectUris,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope,
    };
  }

  @Get(consentPath)
  @Through(consentDoor)
  authorize(@Query() query: GivenFields, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.throttle.page(request);
    this.consents.begin(readConsentRequest(query, this.registrations, this.resource), { request, reply });
  }

  @Post(consentPath)
  @Through(consentDoor)
  async decide(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    assertOwnForm(request, this.issuer);
    await this.consents.take(formOf(body), { request, reply });
  }

  @Post(tokenPath)
  @Through(oauthDoor)
  @HttpCode(200)
  async token(@Body() body: unknown, @Req() request: FastifyRequest): Promise<object> {
    const form = formOf(body);
    const { access, refresh, lifeMs } = await this.tokensFor(form, request);
    return {
      access_token: access,
      token_type: 'Bearer',
      expires_in: lifeMs / 1000,
      refresh_token: refresh,
      scope,
    };
  }

  /** RFC 7009: the answer is the same for an unknown token. */
  @Post(revocationPath)
  @Through(oauthDoor)
  @HttpCode(200)
  async revoke(@Body() body: unknown, @Req() request: FastifyRequest): Promise<object> {
    this.throttle.page(request);
    await this.assistants.revoke(textIn(formOf(body), 'token') ?? '');
    return {};
  }

  /** @throws Fault assistant_token_invalid, assistant_not_registered, invalid_request, too_many_attempts */
  private async tokensFor(form: GivenFields, request: FastifyRequest): Promise<AssistantTokens> {
    assertResource(form, this.resource);
    const clientId = needed(form, 'client_id');
    const tokens = await this.presented(form, clientId);
    if (tokens) return tokens;
    // Looked up first: what was valid once is no guess.
    this.throttle.wrongKey(request);
    // An app whose registration was lost registers itself once more.
    this.registrations.find(clientId);
    throw new Fault('assistant_token_invalid');
  }

  private presented(form: GivenFields, registration: string): Promise<AssistantTokens | undefined> {
    const grantType = needed(form, 'grant_type');
    if (grantType === 'refresh_token') return this.assistants.refresh(needed(form, 'refresh_token'), registration);
    if (grantType !== 'authorization_code') throw wrong('grant_type', 'Must be authorization_code or refresh_token.');
    return this.assistants.exchange({
      code: needed(form, 'code'),
      redirectUri: needed(form, 'redirect_uri'),
      verifier: needed(form, 'code_verifier'),
      registration,
    });
  }
}

/** @throws Fault invalid_request if the field is absent */
function needed(form: GivenFields, name: string): string {
  const text = textIn(form, name);
  if (text === undefined || text === '') throw wrong(name, 'Is missing.');
  return text;
}
