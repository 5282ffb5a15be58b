import { type App, Apps, defaultApp, type GrantStore, RedisGrantStore } from '@b24/grants';
import { Fault, Secret } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import type { AuditContext } from '../../http/request-scope';
import { Operation } from '../../http/operation';
import { headerReferences } from '../../http/problem-responses';
import { appId } from '../../http/shapes';
import { FromAuditContext } from '../../http/audit-context';
import type { Settings } from '../../settings';
import { settingsToken } from '../../http/injection-tokens';
import { appAddresses } from './app-addresses';
import { portalsOf } from './portals-of';

const url = (description: string) => z.string().meta({ description });
const appName = 'A name of your own for the app.';
const clientIdText = 'The client id of the app in Bitrix24: `local.…` or `app.…`.';
const appScope = 'The permissions that the app needs in Bitrix24.';
const appExample = {
  id: 'a_5f2b8c1d9e0a7b64',
  name: 'acme',
  clientId: 'local.65f2b8c1d9e0a7.40200131',
  scope: ['task'],
  registeredAt: '2026-11-01T09:00:00.000Z',
  secretSetAt: '2026-11-01T09:00:00.000Z',
  urls: appAddresses('https://gw.example.com', 'a_5f2b8c1d9e0a7b64'),
};
const appSchema = z
  .object({
    id: z.string().meta({ description: 'The id of the app: `default` for the app of the settings.' }),
    name: z.string().describe(appName),
    clientId: z.string().describe(clientIdText),
    scope: z.array(z.string()).describe(appScope),
    registeredAt: z.iso.datetime().optional().describe('When the app was registered.'),
    secretSetAt: z.iso.datetime().optional().describe('When the secret of the app was last changed.'),
    urls: z
      .object({
        install: url('Where an administrator connects a portal; `?portal=` skips the first page.'),
        handler: url('The handler URL: the OAuth redirect URI.'),
        installation: url('The URL of the initial installation, shown in a frame of the portal.'),
        events: url('The URL of the installation callback and of events.'),
      })
      .meta({ description: 'The URLs to enter for this app in Bitrix24.' }),
  })
  .meta({ id: 'App', examples: [appExample] });
type AppView = z.infer<typeof appSchema>;
const appsSchema = z.object({ items: z.array(appSchema).describe('The apps.') }).meta({ id: 'Apps' });

const nameSchema = z.string().trim().min(1).max(100).describe(appName);
const secretSchema = z
  .string()
  .regex(/^[\x21-\x7e]{8,256}$/, 'Must be 8 to 256 characters, as Bitrix24 shows it.')
  .meta({ description: 'The client secret of the app; stored encrypted, never returned.' });
const newAppSchema = z
  .strictObject({
    name: nameSchema,
    clientId: z
      .string()
      .regex(/^[A-Za-z0-9._-]{3,128}$/, 'Must be an app’s id, as Bitrix24 shows it.')
      .describe(clientIdText),
    clientSecret: secretSchema,
    scope: z
      .array(z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'Must be a permission’s name.'))
      .max(100)
      .default(['task'])
      .describe(appScope),
  })
  .meta({
    id: 'NewApp',
    examples: [
      { name: 'acme', clientId: appExample.clientId, clientSecret: 'xxxxxxxxxxxxxxxxxxxxxxxx', scope: ['task'] },
    ],
  });
const appChangesSchema = z
  .strictObject({ name: nameSchema.optional(), clientSecret: secretSchema.optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'Name at least one field to change.')
  .meta({ id: 'AppChanges', minProperties: 1, examples: [{ clientSecret: 'xxxxxxxxxxxxxxxxxxxxxxxx' }] });

/** Local apps have an id and a secret per portal, so a gateway for many portals has many apps. */
@ApiTags('apps')
@Controller('v1/apps')
export class AppsController {
  constructor(
    private readonly apps: Apps,
    @Inject(RedisGrantStore) private readonly store: GrantStore,
    @Inject(settingsToken) private readonly settings: Settings,
  ) {}

  @Post()
  @Operation({
    id: 'registerApp',
    summary: 'Register a Bitrix24 app',
    description: 'Registering the same app again changes nothing. Its id and URLs are derived from its client id.',
    scope: 'admin',
    status: 201,
    onRetry: { kind: 'repeated' },
    says: 'The app, with the URLs to enter in Bitrix24.',
    answer: appSchema,
    headers: headerReferences('Location'),
    faults: ['app_already_registered', 'body_too_large', 'unsupported_media_type'],
  })
  async register(
    @Body({ schema: newAppSchema }) { clientSecret, ...wanted }: z.infer<typeof newAppSchema>,
    @FromAuditContext() audit: AuditContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AppView> {
    const app = await this.apps.register({ ...wanted, clientSecret: new Secret(clientSecret) });
    audit.ids['app'] = app.id;
    void reply.header('Location', `/v1/apps/${app.id}`);
    return this.view(app);
  }

  @Get()
  @Operation({
    id: 'listApps',
    summary: 'List the apps: the app of the settings, then oldest first',
    scope: 'admin',
    status: 200,
    says: 'All apps, without their secrets.',
    answer: appsSchema,
  })
  async list(): Promise<z.infer<typeof appsSchema>> {
    return { items: (await this.apps.list()).map((app) => this.view(app)) };
  }

  @Get(':app')
  @Operation({
    id: 'getApp',
    summary: 'Get an app and its URLs',
    scope: 'admin',
    status: 200,
    says: 'The app, without its secret.',
    answer: appSchema,
    faults: ['app_not_found'],
  })
  async get(@Param('app', { schema: appId }) name: string): Promise<AppView> {
    return this.view(await this.apps.get(name));
  }

  @Patch(':app')
  @Operation({
    id: 'updateApp',
    summary: 'Rename an app or change its secret',
    description:
      'Every replica uses the new secret from its next token request on, and the former one only if the authorization server rejects the new one. Portals whose refresh failed because of a wrong secret are retried at once.',
    scope: 'admin',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The app after the change.',
    answer: appSchema,
    faults: ['app_not_found', 'app_of_settings', 'body_too_large', 'unsupported_media_type'],
  })
  async update(
    @Param('app', { schema: appId }) name: string,
    @Body({ schema: appChangesSchema }) { name: newName, clientSecret }: z.infer<typeof appChangesSchema>,
  ): Promise<AppView> {
    mustBeRegistered(name);
    const app = await this.apps.change(name, {
      ...(newName !== undefined && { name: newName }),
      ...(clientSecret !== undefined && { clientSecret: new Secret(clientSecret) }),
    });
    if (clientSecret !== undefined) await this.tryAgain(name);
    return this.view(app);
  }

  @Delete(':app')
  @Operation({
    id: 'deleteApp',
    summary: 'Delete an app that has no portals',
    scope: 'admin',
    status: 204,
    onRetry: { kind: 'gone', code: 'app_not_found' },
    says: 'The app and its secret are deleted.',
    faults: ['app_not_found', 'app_in_use', 'app_of_settings', 'body_too_large', 'unsupported_media_type'],
  })
  async remove(@Param('app', { schema: appId }) name: string): Promise<void> {
    mustBeRegistered(name);
    await this.apps.get(name);
    const portals = await portalsOf(name, this.store);
    if (portals.length > 0) throw inUse(name, portals.length);
    await this.apps.remove(name);
  }

  /** Retries portals that the authorization server refused because of the old secret. */
  private async tryAgain(app: string): Promise<void> {
    for (const { portal, version, issue } of await portalsOf(app, this.store)) {
      if (issue?.code === 'authorization_server_error') await this.store.clearIssue(portal, version);
    }
  }

  private view({ id: app, name, clientId, scope, registeredAtMs, secretSetAtMs }: App): AppView {
    return {
      id: app,
      name,
      clientId,
      scope: [...scope],
      ...(registeredAtMs !== undefined && { registeredAt: isoTime(registeredAtMs) }),
      ...(secretSetAtMs !== undefined && { secretSetAt: isoTime(secretSetAtMs) }),
      urls: appAddresses(this.settings.publicUrl, app),
    };
  }
}

function mustBeRegistered(app: string): void {
  if (app === defaultApp) throw new Fault('app_of_settings');
}

function inUse(app: string, portals: number): Fault {
  const belong = portals === 1 ? '1 portal belongs' : `${portals} portals belong`;
  return new Fault('app_in_use', {
    detail: `${belong} to it (GET /v1/portals?app=${app}): install another app on them, or forget them with DELETE /v1/portals/{portal}.`,
  });
}
