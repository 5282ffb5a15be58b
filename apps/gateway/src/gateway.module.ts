import { ClientKeys } from '@b24/access';
import {
  FreshGrants,
  type GrantStore,
  Installer,
  KeepAlive,
  KeptClaims,
  OAuthServer,
  type PortalRecord,
  RedisGrantStore,
  Relocation,
  Seal,
} from '@b24/grants';
import { BottleneckBucket, type Bucket } from '@b24/lanes';
import type { Clock, PortalId, Post } from '@b24/portal';
import { axiosPost, undiciAdapter, upstream } from '@b24/upstream';
import { HttpModule, HttpService } from '@nestjs/axios';
import { type DynamicModule, type FactoryProvider, type InjectionToken, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { FastifyBaseLogger } from 'fastify';
import type { Redis } from 'ioredis';
import { BacklogsController } from './backlogs/backlogs.controller';
import { ClientsController } from './clients/clients.controller';
import { Drain } from './health/drain';
import { HealthController } from './health/health.controller';
import { Metrics } from './health/metrics';
import { KeyGuard } from './http/key.guard';
import { ProblemFilter } from './http/problem.filter';
import { AuthorizationStates } from './installs/authorization-states';
import { Bitrix24Strategy } from './installs/bitrix24-strategy';
import { EventsController } from './installs/events.controller';
import { InstallInbox } from './installs/install-inbox';
import { InstallsController } from './installs/installs.controller';
import { PortalDirectory } from './portals/portal-directory';
import { PortalsController } from './portals/portals.controller';
import { planOf } from './portals/plan-of';
import { WebhookTrial } from './portals/webhook-trial';
import { RequestLine } from './request-line';
import type { Settings } from './settings';
import { bucketToken, clockToken, grantStoreToken, installerToken, redisToken, settingsToken } from './tokens';

/** What a gateway is built on. */
export interface Ground {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly redis: Redis;
  /** A connection of its own for the lanes. */
  readonly laneRedis: Redis;
  readonly log: FastifyBaseLogger;
}

const wireLimits = { connectTimeoutMs: 10_000, maxAnswerBytes: 16 * 1024 * 1024, connections: 64 };
const postToken = Symbol('post');
const sealToken = Symbol('seal');

/** Rooms are built here and nowhere else; request-line.ts composes the line of them. */
@Module({})
export class GatewayModule {
  static on({ settings, clock, redis, laneRedis, log }: Ground): DynamicModule {
    const { adapter } = undiciAdapter(wireLimits);
    const authorizeUrl = (domain: string) => `${settings.publicUrl}/install?portal=${encodeURIComponent(domain)}`;
    return {
      module: GatewayModule,
      imports: [
        HttpModule.register({
          adapter,
          maxRedirects: 0,
          responseType: 'text',
          transformResponse: (data: unknown) => data,
          validateStatus: () => true,
        }),
      ],
      controllers: [
        BacklogsController,
        PortalsController,
        ClientsController,
        InstallsController,
        EventsController,
        HealthController,
      ],
      providers: [
        { provide: APP_GUARD, useClass: KeyGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: settingsToken, useValue: settings },
        { provide: clockToken, useValue: clock },
        { provide: redisToken, useValue: redis },
        Metrics,
        made(postToken, [HttpService], (http: HttpService) => axiosPost(http)),
        made(sealToken, [], () => new Seal(settings.encryptionKeys)),
        made(bucketToken, [], () => new BottleneckBucket({ redis: laneRedis, clock })),
        made(ClientKeys, [], () => new ClientKeys(redis, settings.adminKey, clock)),
        made(grantStoreToken, [sealToken], (seal: Seal) => new RedisGrantStore(redis, seal)),
        made(PortalDirectory, [grantStoreToken], (store: GrantStore) => new PortalDirectory(store)),
        made(
          OAuthServer,
          [postToken],
          (post: Post) => new OAuthServer({ servers: settings.oauthServers, ...settings.app, post, clock }),
        ),
        made(
          FreshGrants,
          [grantStoreToken, OAuthServer, Metrics],
          (store: GrantStore, oauth: OAuthServer, observer: Metrics) => {
            return new FreshGrants({ store, oauth, clock, rules: settings.rules, authorizeUrl, observer });
          },
        ),
        made(
          Relocation,
          [grantStoreToken, OAuthServer, FreshGrants],
          (store: GrantStore, oauth: OAuthServer, grants: FreshGrants) => {
            return new Relocation({ store, oauth, grants, clock, rules: settings.rules });
          },
        ),
        made(KeepAlive, [grantStoreToken, FreshGrants], (store: GrantStore, grants: FreshGrants) => {
          const seen = (portal: PortalId, outcome: string) => log.info({ portal, outcome }, 'idle grant was due');
          return new KeepAlive({ store, grants, clock, afterMs: settings.keepAliveDays * 86_400_000, seen });
        }),
        made(
          RequestLine,
          [postToken, bucketToken, grantStoreToken, FreshGrants, Relocation, Metrics],
          (
            post: Post,
            bucket: Bucket,
            store: GrantStore,
            grants: FreshGrants,
            relocation: Relocation,
            observer: Metrics,
          ) => {
            const { queueLimit, callTimeoutMs, plan } = settings;
            const limits = { queueLimit, callTimeoutMs, planOf: (record: PortalRecord) => planOf(record, plan) };
            const line = new RequestLine({ clock, post, bucket, store, grants, relocation, observer, ...limits });
            observer.watch(line.lanes, log);
            return line;
          },
        ),
        made(
          installerToken,
          [grantStoreToken, OAuthServer, RequestLine],
          (store: GrantStore, oauth: OAuthServer, line: RequestLine) => {
            return new Installer({
              store,
              oauth,
              clock,
              rules: settings.rules,
              installed: (record) => line.installed(record),
            });
          },
        ),
        made(
          WebhookTrial,
          [bucketToken, postToken, grantStoreToken],
          (bucket: Bucket, post: Post, store: GrantStore) => {
            const plan = async (portal: PortalId) => planOf((await store.load(portal)) ?? {}, settings.plan);
            return new WebhookTrial(bucket, upstream({ post, clock }), plan);
          },
        ),
        made(
          AuthorizationStates,
          [sealToken],
          (seal: Seal) => new AuthorizationStates(redis, seal.derive('authorization state')),
        ),
        made(
          Bitrix24Strategy,
          [AuthorizationStates, installerToken],
          (states: AuthorizationStates, installer: Installer) => {
            return new Bitrix24Strategy(settings.app.clientId, states, installer);
          },
        ),
        made(InstallInbox, [installerToken, sealToken], (installer: Installer, seal: Seal) => {
          return new InstallInbox({ installer, claims: new KeptClaims(redis, seal), clock, log });
        }),
        made(
          Drain,
          [RequestLine, FreshGrants, InstallInbox, KeepAlive],
          (line: RequestLine, grants: FreshGrants, inbox: InstallInbox, keepAlive: KeepAlive) =>
            new Drain(line, grants, inbox, keepAlive),
        ),
      ],
    };
  }
}

/** A provider built of others, checked for nothing but their order. */
function made(
  provide: InjectionToken,
  inject: InjectionToken[],
  useFactory: (...parts: never[]) => unknown,
): FactoryProvider {
  return { provide, inject, useFactory: useFactory as FactoryProvider['useFactory'] };
}
