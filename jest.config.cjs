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
    '/node_modules/(?!(@nestjs|qs-esm|@opentelemetry/otlp-exporter-base|uid|es-toolkit|file-type|token-types|strtok3|@tokenizer|uint8array-extras|@borewit|path-to-regexp|load-esm|content-disposition|glob|minimatch|path-scurry|brace-expansion|balanced-match|lru-cache|minipass|mime|cookie|marked|github-slugger)/)',
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

module.exports = {
  testTimeout: 30_000,
  // Two at a time: most of a test is waiting. In processes that end, since modules loaded anew for each file add up.
  maxWorkers: 2,
  workerIdleMemoryLimit: '768MB',
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts'] },
    { ...shared, displayName: 'contract', testMatch: ['<rootDir>/test/contract/**/*.spec.ts'] },
    { ...shared, displayName: 'fuzz', testMatch: ['<rootDir>/test/{fuzz,authorization,worst-key}/**/*.spec.ts'] },
    // Needs clients of other languages; `npm run clients` fetches them.
    { ...shared, displayName: 'clients', testMatch: ['<rootDir>/test/clients/**/*.spec.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
    { ...shared, displayName: 'chaos', testMatch: ['<rootDir>/test/chaos/**/*.spec.ts'] },
  ],
};
