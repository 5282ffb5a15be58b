/** Types made from openapi.json: whoever knows the API only may name what it answers by them. */
const apiTypes = '^libs/client/src/generated/types\\.gen\\.ts$';
/** The scopes of client keys, made from openapi.json. */
const apiScopes = '^libs/client/src/generated/scopes\\.gen\\.ts$';
/** What the command line knows without a gateway: its own version, and the catalog of methods. */
const withoutGateway = '^libs/(portal/src/version|catalog/src/index)\\.ts$';

const room = (name, allowed) => ({
  name: `${name}-knows-only-the-ground-floor`,
  severity: 'error',
  from: { path: `^libs/${name}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^(libs|apps|test)/', pathNot: [`^libs/${name}/`, ...allowed.map((a) => `^libs/${a}/src/index\\.ts$`)] },
});

/** The layers of the gateway from the top; an import only ever goes down. */
const layers = [
  '^apps/gateway/src/(main|reseal|write-openapi|write-method-documents|bare-document|create-gateway|compose|app\\.module|openapi-document|migrations|sealed-stores)\\.ts$',
  '^apps/gateway/src/doors/',
  '^apps/gateway/src/api/',
  '^apps/gateway/src/(resources|operations)/',
  '^apps/gateway/src/((http|line)/|(request-line|settings|(?:egress|oidc)-settings|key-strength|destinations)\\.ts$)',
];
const downwards = layers.slice(1).map((layer, i) => ({
  name: `gateway-layer-${i + 2}-imports-no-layer-above`,
  severity: 'error',
  from: { path: layer, pathNot: '\\.spec\\.ts$' },
  to: { path: layers.slice(0, i + 1) },
}));

/** The rules between rooms; ARCHITECTURE.md says why. */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    ...downwards,
    {
      name: 'every-file-of-the-gateway-has-a-layer',
      severity: 'error',
      from: {},
      to: { path: '^apps/gateway/src/', pathNot: [...layers, '\\.spec\\.ts$'] },
    },
    room('portal', []),
    room('access', ['portal', 'redis', 'seal']),
    room('call-log', ['portal', 'redis']),
    room('catalog', []),
    room('client', []),
    room('events', ['portal', 'redis', 'seal']),
    room('queue', ['portal', 'redis', 'seal']),
    room('grants', ['portal', 'redis', 'seal']),
    room('jobs', ['portal', 'redis', 'seal']),
    room('redis', ['portal']),
    room('seal', ['portal', 'redis']),
    room('upstream', ['portal', 'redis', 'seal']),
    room('history', ['portal', 'redis']),
    room('idempotency', ['portal', 'redis', 'seal']),
    {
      name: 'the-simulator-is-an-independent-witness',
      severity: 'error',
      from: { path: '^apps/portal-simulator/' },
      to: { path: '^(libs|apps/gateway)/' },
    },
    {
      name: 'the-browser-knows-the-api-only',
      severity: 'error',
      from: { path: '^apps/(console|reference)/' },
      to: { path: '^(libs|apps/gateway|apps/portal-simulator|test)/', pathNot: [apiTypes, apiScopes] },
    },
    {
      name: 'the-command-line-knows-the-api-only',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: '^apps/cli/src/doctor/' },
      to: {
        path: '^(libs|apps/gateway|apps/console|apps/portal-simulator|test)/',
        pathNot: [apiTypes, apiScopes, withoutGateway],
      },
    },
    {
      name: 'the-doctor-knows-the-settings-and-redis-besides',
      severity: 'error',
      from: { path: '^apps/cli/src/doctor/' },
      to: {
        path: '^(libs|apps/gateway|apps/console|apps/portal-simulator|test)/',
        pathNot: [
          '^(apps/gateway/src/settings\\.ts|libs/(redis|portal|upstream)/src/index\\.ts)$',
          apiTypes,
          apiScopes,
        ],
      },
    },
    {
      name: 'the-client-is-for-others',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '^libs/client/' },
      to: { path: '^libs/client/', pathNot: [apiTypes, apiScopes] },
    },
    {
      name: 'the-types-of-the-api-are-types-only',
      severity: 'error',
      from: { pathNot: '^libs/client/' },
      to: { path: apiTypes, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-gateway-does-not-know-the-simulator',
      severity: 'error',
      from: { path: '^apps/gateway/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(apps/portal-simulator|test)/' },
    },
    {
      name: 'a-room-is-entered-by-its-door',
      severity: 'error',
      from: { path: '^apps/gateway/' },
      to: { path: '^libs/[^/]+/src/', pathNot: '^libs/[^/]+/src/index\\.ts$' },
    },
    {
      name: 'bottleneck-stays-in-the-queue',
      severity: 'error',
      from: { pathNot: '^libs/queue/' },
      to: { path: 'node_modules/bottleneck' },
    },
    {
      name: 'bullmq-stays-in-the-jobs',
      severity: 'error',
      from: { pathNot: '^libs/jobs/' },
      to: { path: 'node_modules/bullmq' },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '((^|/)dist/|\\.generated/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
};
