import fc from 'fast-check';

/** The way a request comes in. */
export const doors = [
  'call',
  'list',
  'batch',
  'batch job',
  'fan-out',
  'fan-out job',
  'declared',
  'tool',
  'sdk',
  'sdk batch',
] as const;
export type EntryPoint = (typeof doors)[number];

/** How a portal is named, and which one. */
export interface PortalReference {
  readonly index: number;
  readonly by: 'member id' | 'MEMBER ID' | 'alias' | 'domain' | 'nobody';
}

/** One method as an attempt spells it. */
export interface SpelledMethod {
  readonly method: string;
  /** What is done to the name; a plain one is how an honest caller spells it. */
  readonly text: string;
}

/** An attempt before it is known by which key, at which address and with which number. */
export interface AccessAttempt {
  readonly door: EntryPoint;
  /** Which of the keys. */
  readonly key: number;
  readonly portal: PortalReference;
  readonly commands: readonly SpelledMethod[];
  readonly how: 'GET' | 'form' | 'json' | 'multipart' | 'text' | 'no type';
  /** Names under which the commands of an SDK's batch are sent; each may be in the query or in the body. */
  readonly containers: readonly { readonly name: string; readonly inQuery: boolean }[];
  readonly flags: { readonly halt: boolean; readonly references: boolean };
}

/** Methods that the simulator has, and some that it has not. */
const methods = [
  ...['crm.deal.get', 'crm.deal.list', 'crm.deal.add', 'crm.deal.update', 'crm.deal.delete'],
  ...['tasks.api.scrum.backlog.get', 'tasks.api.scrum.epic.list', 'tasks.api.scrum.epic.delete'],
  ...['profile', 'app.info', 'event.get', 'event.unbind', 'user.get', 'event.offline.get', 'no.such.method'],
];

const twists: readonly ((name: string) => string)[] = [
  (name) => name.toUpperCase(),
  (name) => `${name}.json`,
  (name) => `${name}.xml`,
  (name) => `${name}.JSON`,
  (name) => `${name}.`,
  (name) => ` ${name}`,
  (name) => `${name} `,
  (name) => `/${name}`,
  (name) => `//h/${name}`,
  (name) => `x:${name}`,
  (name) => `${name}:80`,
  (name) => `${name}/../crm.deal.delete`,
  (name) => `profile/../${name}`,
  (name) => name.replace('.', '%2e'),
  (name) => name.replace('.', '..'),
  (name) => `${name}\u0000`,
  (name) => `${name}%00.get`,
  (name) => `${name}\\`,
  (name) => `${name};profile`,
  (name) => name.replace('s', 'ſ'),
  () => 'batch',
  () => 'BATCH',
  () => 'batch.json',
  () => 'Batch.JSON',
  () => 'batch.xml',
  () => 'batch.json',
  () => 'batch.xml',
  () => 'download',
  () => 'upload',
  () => '',
];

const containerNames = [
  'cmd',
  'CMD',
  'Cmd',
  'cMd',
  ' cmd',
  'cmd ',
  'cmd.',
  'c%6Dd',
  '%43MD',
  'cmd\u0000',
  'halt',
  'auth',
];

const spelled = fc
  .record({ method: fc.constantFrom(...methods), twist: fc.option(fc.constantFrom(...twists), { freq: 4 }) })
  .map(({ method, twist }): SpelledMethod => ({ method, text: twist ? twist(method) : method }));
const plain = fc.constantFrom(...methods).map((method): SpelledMethod => ({ method, text: method }));

export const attempts: fc.Arbitrary<AccessAttempt> = fc.record({
  door: fc.constantFrom(...doors, 'sdk batch' as const, 'sdk batch' as const),
  key: fc.nat(10_000),
  portal: fc.record({
    index: fc.nat(3),
    by: fc.constantFrom(...(['member id', 'member id', 'MEMBER ID', 'alias', 'domain', 'nobody'] as const)),
  }),
  commands: fc.array(fc.oneof({ weight: 3, arbitrary: plain }, spelled), { minLength: 1, maxLength: 4 }),
  how: fc.constantFrom('GET', 'form', 'json', 'json', 'multipart', 'text', 'no type'),
  containers: fc.array(fc.record({ name: fc.constantFrom('cmd', 'cmd', ...containerNames), inQuery: fc.boolean() }), {
    minLength: 0,
    maxLength: 3,
  }),
  flags: fc.record({ halt: fc.boolean(), references: fc.boolean() }),
});

export const keyRights = fc.record(
  {
    scopes: fc.uniqueArray(
      fc.constantFrom('call', 'backlog:read', 'backlog:write', 'scrum:read', 'scrum:write', 'portals:read'),
      {
        minLength: 1,
      },
    ),
    portals: fc.oneof(fc.constant('all' as const), fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 })),
    methods: fc.uniqueArray(
      fc.constantFrom(
        'crm.*',
        'crm.deal.get',
        'CRM.DEAL.*',
        '*.get',
        '*.list',
        'profile',
        'batch',
        'batch*',
        '*json',
        'tasks.*',
        '*',
      ),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['scopes', 'portals'] },
);
