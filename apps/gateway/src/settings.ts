import { Secret } from '@b24/portal';
import { type InstallPolicy, PortalHosts } from '@b24/grants';
import { parseRedisUrl } from '@b24/redis';
import type { EgressOptions } from '@b24/upstream';
import { isIP } from 'node:net';
import { z } from 'zod';
import { egressOptions, egressShape } from './egress-settings';
import { estimatedBits } from './key-strength';
import { oidcMistake, type OidcSettings, oidcSettings, oidcShape } from './oidc-settings';

/** The vendor's cloud domains; a self-hosted portal's host is added by B24_PORTAL_HOSTS. */
const cloudHosts =
  '*.bitrix24.com,*.bitrix24.eu,*.bitrix24.de,*.bitrix24.fr,*.bitrix24.it,*.bitrix24.es,*.bitrix24.pl,*.bitrix24.in,' +
  '*.bitrix24.uk,*.bitrix24.mx,*.bitrix24.co,*.bitrix24.cn,*.bitrix24.jp,*.bitrix24.vn,*.bitrix24.id,*.bitrix24.com.br,' +
  '*.bitrix24.com.tr,*.bitrix24.ru,*.bitrix24.by,*.bitrix24.kz,*.bitrix24.ua,*.bitrix24.tech';
const vendorServers = ['https://oauth.bitrix.info', 'https://oauth.bitrix24.tech'] as const;

/** Below what any generator makes of 32 characters, above what people think up; nobody tries 2^80 keys. */
const leastAdminKeyBits = 80;

const whole = (name: string, from: number, to: number) =>
  z
    .string()
    .regex(/^\d+$/, `${name} must be a whole number.`)
    .transform(Number)
    .refine((value) => value >= from && value <= to, `${name} must be from ${from} to ${to}.`);
const share = (name: string) =>
  z
    .string()
    .regex(/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/, `${name} must be a number from 0 to 1.`)
    .transform(Number);
const flag = (name: string) =>
  z.enum(['true', 'false'], `${name} must be true or false.`).transform((it) => it === 'true');
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((it) => it.trim())
    .filter(Boolean),
);
const origin = (name: string) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
      `${name} must be an http or https URL.`,
    )
    .transform((text) => text.replace(/(?<!\/)\/+$/, ''));

const keyPattern = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;
const encryptionKeys = z
  .string('ENCRYPTION_KEYS is missing: `id:base64` of 32 random bytes, as `npm start` makes it.')
  .transform((text, context) => {
    const keys = text.split(',').map((part) => keyPattern.exec(part.trim()));
    const [first, ...rest] = keys.map(
      (match) => match && { id: match[1] ?? '', key: Buffer.from(match[2] ?? '', 'base64') },
    );
    if (!first || rest.some((key) => !key)) {
      context.addIssue({ code: 'custom', message: 'ENCRYPTION_KEYS must be `id:base64,id:base64`, each of 32 bytes.' });
      return z.NEVER;
    }
    if (new Set(keys.map((match) => match?.[1])).size < keys.length) {
      context.addIssue({ code: 'custom', message: 'ENCRYPTION_KEYS must not name two keys alike.' });
      return z.NEVER;
    }
    return [first, ...rest.filter((key) => key !== null)] as [typeof first, ...(typeof first)[]];
  });

/** Patterns that could never match, or a CIDR that is none, are mistakes to be told at the start. */
const hosts = (name: string) =>
  list.transform((patterns, context) => {
    try {
      return new PortalHosts(patterns);
    } catch {
      context.addIssue({
        code: 'custom',
        message: `${name} must be host names, *.domains or CIDRs of addresses, each with or without a port.`,
      });
      return z.NEVER;
    }
  });

/** The sentence never repeats the URL, which may hold a password. */
function soundPlace(context: z.core.ParsePayload<string>): void {
  try {
    parseRedisUrl(context.value);
  } catch (error) {
    context.issues.push({ code: 'custom', input: '', message: (error as Error).message });
  }
}

/** What reaches and opens the store; all that `npm run reseal` needs. */
const storeShape = {
  REDIS_URL: z
    .string('REDIS_URL is missing: redis://… or rediss://…; `npm start` runs a Redis of its own.')
    .check(soundPlace),
  ENCRYPTION_KEYS: encryptionKeys,
};

const origins = list.refine((all) => all.every((it) => URL.canParse(it) && new URL(it).origin === it), {
  error: 'CORS_ORIGINS must be origins as `https://app.example.com`, without a path or an asterisk.',
});
const proxies = list.refine((all) => all.every(isAddressOrCidr), {
  error: 'TRUSTED_PROXIES must be addresses or CIDRs.',
});

function isAddressOrCidr(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = { 4: 32, 6: 128 }[isIP(address)];
  if (bits === undefined || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

const environment = z
  .object({
    PORT: whole('PORT', 0, 65_535).default(3000),
    HOST: z.string().default('127.0.0.1'),
    PUBLIC_URL: origin('PUBLIC_URL').optional(),
    ...storeShape,
    ...egressShape,
    ...oidcShape,
    ADMIN_KEY: z
      .string('ADMIN_KEY is missing: a random text of at least 32 characters, as `npm start` makes it.')
      .regex(/^[\x21-\x7e]{32,512}$/, {
        error: 'ADMIN_KEY must have at least 32 characters and at most 512, without spaces or letters beyond ASCII.',
        abort: true,
      })
      .refine((key) => estimatedBits(key) >= leastAdminKeyBits, {
        error:
          'ADMIN_KEY is too easy to guess: it repeats itself or has few different characters. Make one with `openssl rand -base64 32`.',
      }),
    B24_CLIENT_ID: z.string().optional(),
    B24_CLIENT_SECRET: z.string().optional(),
    B24_SCOPE: list.default(['task']),
    B24_OAUTH_SERVER: origin('B24_OAUTH_SERVER').optional(),
    B24_PORTAL_HOSTS: hosts('B24_PORTAL_HOSTS').prefault(cloudHosts),
    B24_ALLOW_HTTP: flag('B24_ALLOW_HTTP').default(false),
    INSTALLS: z.enum(['open', 'approve', 'known'], 'INSTALLS must be open, approve or known.').optional(),
    B24_BURST: whole('B24_BURST', 1, 10_000).default(50),
    B24_DRAIN_PER_SECOND: whole('B24_DRAIN_PER_SECOND', 1, 1000).default(2),
    B24_CALL_LIMIT_MS: whole('B24_CALL_LIMIT_MS', 0, 3_600_000).default(60_000),
    QUEUE_LIMIT: whole('QUEUE_LIMIT', 1, 1_000_000).default(1000),
    CROSS_REPLICA_BATCHING: z
      .enum(['on', 'off'], 'CROSS_REPLICA_BATCHING must be on or off.')
      .default('on')
      .transform((it) => it === 'on'),
    CALL_TIMEOUT_MS: whole('CALL_TIMEOUT_MS', 100, 120_000).default(30_000),
    UPLOAD_LIMIT_MIB: whole('UPLOAD_LIMIT_MIB', 1, 2048).default(100),
    B24_TOKEN_IN: z.enum(['body', 'header'], 'B24_TOKEN_IN must be body or header.').default('body'),
    SDK_DOMAIN: z
      .string()
      .toLowerCase()
      .regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/, 'SDK_DOMAIN must be a domain as `gw.example.com`.')
      .optional(),
    FAN_OUT_CONCURRENCY: whole('FAN_OUT_CONCURRENCY', 1, 1000).default(100),
    TRUSTED_PROXIES: proxies.default([]),
    CONNECTION_LIMIT: whole('CONNECTION_LIMIT', 10, 1_000_000).default(10_000),
    CONNECTIONS_PER_ADDRESS: whole('CONNECTIONS_PER_ADDRESS', 1, 1_000_000).default(2000),
    REQUEST_LIMIT: whole('REQUEST_LIMIT', 10, 1_000_000).default(8000),
    REQUESTS_PER_ADDRESS: whole('REQUESTS_PER_ADDRESS', 1, 1_000_000).default(2000),
    REQUESTS_PER_CLIENT: whole('REQUESTS_PER_CLIENT', 1, 1_000_000).default(2000),
    METRICS_TOKEN: z
      .string()
      .regex(
        /^[\x21-\x7e]{16,512}$/,
        'METRICS_TOKEN must have at least 16 characters and at most 512, without spaces or letters beyond ASCII.',
      )
      .optional(),
    CORS_ORIGINS: origins.default([]),
    CALL_LOG_MIB: whole('CALL_LOG_MIB', 0, 65_536).default(256),
    HISTORY_PORTALS: whole('HISTORY_PORTALS', 0, 100_000).default(1000),
    MCP_OAUTH: flag('MCP_OAUTH').default(false),
    AUDIT_KEEP: whole('AUDIT_KEEP', 100, 100_000_000).default(100_000),
    EVENT_TARGET_HOSTS: hosts('EVENT_TARGET_HOSTS').prefault(''),
    EVENT_TIMEOUT_MS: whole('EVENT_TIMEOUT_MS', 100, 60_000).default(10_000),
    EVENT_QUEUE_LIMIT: whole('EVENT_QUEUE_LIMIT', 1, 1_000_000).default(10_000),
    JOB_CONCURRENCY: whole('JOB_CONCURRENCY', 1, 100).default(4),
    JOBS_PER_CLIENT: whole('JOBS_PER_CLIENT', 1, 1000).default(20),
    CLIENT_BUDGET_MIB: whole('CLIENT_BUDGET_MIB', 1, 1_048_576).default(256),
    CONSOLE: flag('CONSOLE').default(true),
    SANDBOX_URL: origin('SANDBOX_URL').optional(),
    CONSOLE_IDLE_MINUTES: whole('CONSOLE_IDLE_MINUTES', 1, 720).default(60),
    KEEP_ALIVE_DAYS: whole('KEEP_ALIVE_DAYS', 10, 150).default(90),
    OTEL_EXPORTER_OTLP_ENDPOINT: origin('OTEL_EXPORTER_OTLP_ENDPOINT').optional(),
    OTEL_SERVICE_NAME: z.string().default('b24-gateway'),
    OTEL_TRACES_SAMPLER_ARG: share('OTEL_TRACES_SAMPLER_ARG').default(1),
    LOG_LEVEL: z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
        'LOG_LEVEL must be trace, debug, info, warn, error or silent.',
      )
      .default('info'),
  })
  .refine((it) => it.B24_ALLOW_HTTP || !it.B24_OAUTH_SERVER?.startsWith('http:'), {
    error: 'B24_OAUTH_SERVER must be https, unless B24_ALLOW_HTTP is true.',
    when: isSound('B24_OAUTH_SERVER', 'B24_ALLOW_HTTP'),
  })
  .refine((it) => !it.B24_CLIENT_ID === !it.B24_CLIENT_SECRET, {
    error: 'Set both B24_CLIENT_ID and B24_CLIENT_SECRET, or neither and register apps with POST /v1/apps.',
    when: isSound('B24_CLIENT_ID', 'B24_CLIENT_SECRET'),
  })
  .refine((it) => !it.MCP_OAUTH || isSafePublicUrl(publicUrlOf(it)), {
    error: 'MCP_OAUTH needs a PUBLIC_URL with https and without a path; http is enough on a loopback host.',
    when: isSound('MCP_OAUTH', 'PUBLIC_URL', 'HOST', 'PORT'),
  })
  .refine((it) => !it.SANDBOX_URL || (it.B24_ALLOW_HTTP && isLoopback(it.SANDBOX_URL)), {
    error: 'SANDBOX_URL is for the demo only: http://127.0.0.1:port, together with B24_ALLOW_HTTP=true.',
    when: isSound('SANDBOX_URL', 'B24_ALLOW_HTTP'),
  })
  .refine((it) => it.B24_BURST > 2 * it.B24_DRAIN_PER_SECOND, {
    error: 'B24_BURST must be more than twice B24_DRAIN_PER_SECOND.',
    when: isSound('B24_BURST', 'B24_DRAIN_PER_SECOND'),
  })
  .check(({ value, issues }) => {
    const message = oidcMistake(value);
    if (message) issues.push({ code: 'custom', input: '', message });
  });

/** Whether browsers may enter a key at this URL, and apps find the metadata below its host. */
function isSafePublicUrl(text: string): boolean {
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  const isPrivate = protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return isPrivate && `${pathname}${search}${hash}` === '/';
}

/** The names of all settings. */
export const settingNames: readonly string[] = Object.keys(environment.shape);

function isLoopback(url: string): boolean {
  return /^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(url);
}

/** What two settings are to each other is asked as soon as each is right by itself, whatever is wrong with others. */
function isSound(...names: string[]): (payload: z.core.ParsePayload) => boolean {
  return ({ issues }) => !issues.some(({ path }) => names.includes(String(path?.[0])));
}

/** Where traces go, and which. */
export interface TracingSettings {
  /** Where an OTLP/HTTP collector listens; `/v1/traces` is added. */
  readonly endpoint: string;
  readonly service: string;
  /** Of calls whose caller has not decided already, from 0 to 1. */
  readonly share: number;
}

export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  /** Whether assistants may connect by OAuth. */
  readonly mcpOauth: boolean;
  readonly redisUrl: string;
  readonly adminKey: Secret;
  readonly encryptionKeys: z.infer<typeof encryptionKeys>;
  /** The default app; others are registered by the API. */
  readonly app?: { readonly clientId: string; readonly clientSecret: Secret; readonly scope: readonly string[] };
  /** Origins of authorization servers that may be asked; the first is the usual one. */
  readonly oauthServers: readonly [string, ...string[]];
  readonly rules: { readonly hosts: PortalHosts; readonly allowHttp: boolean };
  /** How connections to portals, authorization servers and event targets leave the network. */
  readonly egress: EgressOptions;
  /** Which portals may come; by each app's client id when absent. */
  readonly installs?: InstallPolicy;
  readonly plan: { readonly burst: number; readonly drainPerSecond: number };
  /** How long a portal may run one call, whatever became of the connection. */
  readonly callLimitMs: number;
  readonly queueLimit: number;
  /** Whether a request may carry the waiting calls of other replicas. */
  readonly crossReplicaBatching: boolean;
  readonly callTimeoutMs: number;
  /** The size of a request body or a file, at most, in bytes. */
  readonly uploadLimitBytes: number;
  /** Where a request carries the access token of an app. */
  readonly tokenIn: 'body' | 'header';
  /** `acme.<domain>` is the portal with the alias `acme`, for SDKs. */
  readonly sdkDomain: string | undefined;
  /** Portals that one fan-out waits for at once. */
  readonly fanOutConcurrency: number;
  /** Whose word on where a request comes from is believed: addresses and CIDRs. */
  readonly trustedProxies: readonly string[];
  /** Open connections of a replica; those of trusted proxies count in all only. */
  readonly connections: { readonly inAll: number; readonly perAddress: number };
  /** Requests under way at once on a replica: of an address until their key is known, and then of their client. */
  readonly requests: { readonly inAll: number; readonly perAddress: number; readonly perClient: number };
  /** Asked of whoever reads /metrics; open to all unless set. */
  readonly metricsToken: Secret | undefined;
  /** Origins whose pages may call the API from a browser; none unless set. */
  readonly corsOrigins: readonly string[];
  /** The budget of the call log in Redis; 0 logs no calls. */
  readonly callLogBytes: number;
  /** Portals whose calls are counted in an hour, for the history; 0 counts none. */
  readonly historyPortals: number;
  /** Entries of the audit log that are kept, more or less. */
  readonly auditKeep: number;
  /** Whether there is a console, and after how long a session that nobody uses ends. */
  readonly console: { readonly served: boolean; readonly idleMs: number };
  /** The API of the demo's portal simulator; undefined outside the demo. */
  readonly sandboxUrl: string | undefined;
  /** How people sign in to the console; by key only when absent. */
  readonly oidc?: OidcSettings;
  /** A token pair that was not refreshed for so long is, though nobody calls. */
  readonly keepAliveDays: number;
  /** Where traces go; they are made only if there is somebody to collect them. */
  readonly tracing?: TracingSettings;
  readonly events: {
    /** Where messages to internal services may go. */
    readonly targets: PortalHosts;
    /** How long a target may take to answer. */
    readonly timeoutMs: number;
    /** Events that may wait for one subscription. */
    readonly queueLimit: number;
  };
  readonly jobs: {
    /** That a replica runs at once. */
    readonly atOnce: number;
    /** Of one client, not finished. */
    readonly perClient: number;
  };
  /** What idempotency records and jobs of one client may take in Redis together. */
  readonly clientBudgetBytes: number;
  readonly logLevel: string;
}

/** Every mistake of the environment, a sentence each. */
export class BadSettings extends Error {
  override readonly name = 'BadSettings';

  constructor(readonly sentences: readonly string[]) {
    super(sentences.join('\n'));
  }
}

/** What reaches and opens the store, from the environment alone. @throws BadSettings naming every mistake at once */
export function readStoreSettings(
  env: Readonly<Record<string, string | undefined>>,
): Pick<Settings, 'redisUrl' | 'encryptionKeys'> {
  const it = sound(z.object(storeShape), env);
  return { redisUrl: it.REDIS_URL, encryptionKeys: it.ENCRYPTION_KEYS };
}

function sound<T extends z.ZodType>(schema: T, env: Readonly<Record<string, string | undefined>>): z.output<T> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new BadSettings(parsed.error.issues.map(({ message }) => message));
  return parsed.data;
}

function publicUrlOf(it: { readonly PUBLIC_URL?: string | undefined; readonly HOST: string; readonly PORT: number }) {
  return it.PUBLIC_URL ?? `http://${it.HOST}:${it.PORT}`;
}

function optionalOidc(it: z.output<typeof environment>): Pick<Settings, 'oidc'> {
  const oidc = oidcSettings(it);
  return oidc ? { oidc } : {};
}

/** The settings, from the environment alone. @throws BadSettings naming every mistake at once */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const it = sound(environment, env);
  return {
    port: it.PORT,
    host: it.HOST,
    publicUrl: publicUrlOf(it),
    mcpOauth: it.MCP_OAUTH,
    redisUrl: it.REDIS_URL,
    adminKey: new Secret(it.ADMIN_KEY),
    encryptionKeys: it.ENCRYPTION_KEYS,
    ...(it.B24_CLIENT_ID &&
      it.B24_CLIENT_SECRET && {
        app: { clientId: it.B24_CLIENT_ID, clientSecret: new Secret(it.B24_CLIENT_SECRET), scope: it.B24_SCOPE },
      }),
    oauthServers: it.B24_OAUTH_SERVER ? [it.B24_OAUTH_SERVER] : vendorServers,
    rules: { hosts: it.B24_PORTAL_HOSTS, allowHttp: it.B24_ALLOW_HTTP },
    egress: egressOptions(it),
    ...(it.INSTALLS && { installs: it.INSTALLS }),
    plan: { burst: it.B24_BURST, drainPerSecond: it.B24_DRAIN_PER_SECOND },
    callLimitMs: it.B24_CALL_LIMIT_MS,
    queueLimit: it.QUEUE_LIMIT,
    crossReplicaBatching: it.CROSS_REPLICA_BATCHING,
    callTimeoutMs: it.CALL_TIMEOUT_MS,
    uploadLimitBytes: it.UPLOAD_LIMIT_MIB * 1024 * 1024,
    tokenIn: it.B24_TOKEN_IN,
    sdkDomain: it.SDK_DOMAIN,
    fanOutConcurrency: it.FAN_OUT_CONCURRENCY,
    trustedProxies: it.TRUSTED_PROXIES,
    connections: { inAll: it.CONNECTION_LIMIT, perAddress: it.CONNECTIONS_PER_ADDRESS },
    requests: {
      inAll: it.REQUEST_LIMIT,
      perAddress: it.REQUESTS_PER_ADDRESS,
      perClient: it.REQUESTS_PER_CLIENT,
    },
    metricsToken: it.METRICS_TOKEN === undefined ? undefined : new Secret(it.METRICS_TOKEN),
    corsOrigins: it.CORS_ORIGINS,
    callLogBytes: it.CALL_LOG_MIB * 1024 * 1024,
    historyPortals: it.HISTORY_PORTALS,
    auditKeep: it.AUDIT_KEEP,
    sandboxUrl: it.SANDBOX_URL,
    console: { served: it.CONSOLE, idleMs: it.CONSOLE_IDLE_MINUTES * 60_000 },
    ...optionalOidc(it),
    keepAliveDays: it.KEEP_ALIVE_DAYS,
    ...(it.OTEL_EXPORTER_OTLP_ENDPOINT && {
      tracing: {
        endpoint: it.OTEL_EXPORTER_OTLP_ENDPOINT,
        service: it.OTEL_SERVICE_NAME,
        share: it.OTEL_TRACES_SAMPLER_ARG,
      },
    }),
    events: {
      targets: it.EVENT_TARGET_HOSTS,
      timeoutMs: it.EVENT_TIMEOUT_MS,
      queueLimit: it.EVENT_QUEUE_LIMIT,
    },
    jobs: { atOnce: it.JOB_CONCURRENCY, perClient: it.JOBS_PER_CLIENT },
    clientBudgetBytes: it.CLIENT_BUDGET_MIB * 1024 * 1024,
    logLevel: it.LOG_LEVEL,
  };
}
