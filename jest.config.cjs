/** CommonJS mode: swc transpiles our TypeScript and the few packages that ship as ES modules only. */
const common = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.(ts|js|mjs)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
          target: 'es2022',
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(@nestjs|qs-esm|@opentelemetry/otlp-exporter-base|uid|es-toolkit|file-type|token-types|strtok3|@tokenizer|uint8array-extras|@borewit|path-to-regexp|load-esm|content-disposition|glob|minimatch|path-scurry|brace-expansion|balanced-match|lru-cache|minipass|mime|cookie|marked|github-slugger|openid-client|oauth4webapi|jose)/)',
  ],
  moduleNameMapper: { '^@b24/([a-z-]+)$': '<rootDir>/libs/$1/src' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

/** Modules are evaluated once for each worker. */
const shared = {
  ...common,
  runtime: '<rootDir>/test/jest/shared-modules.cjs',
  testEnvironment: '<rootDir>/test/jest/single-context.cjs',
};

/** Packages, `npm start`, the Helm chart, the docs as they are read, and clusters of Redis: what is far from most changes. */
const shipTests = [
  'client-package',
  'command-line-doc',
  'helm-chart',
  'jobs-topologies',
  'method-documents',
  'newcomer',
  'programs',
  'redis-topologies',
  'start',
  'walk',
];
/** What measures memory or counts how fast requests pass. */
const quietTests = ['files', 'limits', 'lists'];
const e2e = (names) => `<rootDir>/test/e2e/(${names.join('|')}).e2e.spec.ts`;

module.exports = {
  testTimeout: 30_000,
  // Most of a test is waiting. Processes that hold too much end, since they also hold what each file leaves behind.
  maxWorkers: 3,
  workerIdleMemoryLimit: '768MB',
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts'] },
    { ...shared, displayName: 'contract', testMatch: ['<rootDir>/test/contract/**/*.spec.ts'] },
    { ...shared, displayName: 'fuzz', testMatch: ['<rootDir>/test/{fuzz,authorization,worst-key}/**/*.spec.ts'] },
    // Needs clients of other languages; `npm run clients` fetches them.
    { ...shared, displayName: 'clients', testMatch: ['<rootDir>/test/clients/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
      testPathIgnorePatterns: [
        ...common.testPathIgnorePatterns,
        `/(${[...shipTests, ...quietTests].join('|')})\\.e2e\\.`,
      ],
    },
    { ...shared, displayName: 'quiet', testMatch: [e2e(quietTests)] },
    { ...shared, displayName: 'ship', testMatch: [e2e(shipTests)] },
    { ...shared, displayName: 'chaos', testMatch: ['<rootDir>/test/chaos/**/*.spec.ts'] },
  ],
};
