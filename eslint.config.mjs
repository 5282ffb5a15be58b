import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';
import { vocabulary } from './scripts/vocabulary.mjs';

export default tseslint.config(
  {
    ignores: ['apps/*/vite.config.mts', '**/dist/', 'node_modules/', 'data/', '.tmp/', '**/*.cjs', '**/*.gen.ts'],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 15],
      'no-restricted-globals': ['error', { name: 'fetch', message: 'The wire is libs/upstream.' }],
    },
  },
  {
    files: ['libs/**/*.ts', 'apps/gateway/**/*.ts'],
    ignores: [
      'apps/gateway/src/settings.ts',
      'apps/gateway/src/main.ts',
      'apps/gateway/src/reseal.ts',
      '**/*.spec.ts',
      'libs/portal/src/clock.ts',
      'libs/client/src/clock.ts',
      'libs/redis/src/redis-channel.ts',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Read the environment in settings.ts only.',
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Time comes from the clock.',
        },
        { selector: 'CallExpression[callee.name=/^set(Timeout|Interval)$/]', message: 'Timers come from the clock.' },
        {
          selector: "CallExpression[callee.property.name='on'][arguments.0.value=/^(p|s)?message(Buffer)?$/]",
          message: 'Published texts are read by RedisChannel of libs/redis, which drops what it cannot read.',
        },
      ],
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { vocabulary },
    rules: { 'vocabulary/names': 'error' },
  },
  {
    // What sends commands to portals is composed once, where the policy decides about each.
    files: ['apps/gateway/**/*.ts'],
    ignores: ['apps/gateway/src/request-line.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@b24/queue',
              importNames: ['PortalQueues'],
              message: 'Commands enter the queue in request-line.ts only, after allowCommand.',
            },
          ],
        },
      ],
    },
  },
  {
    // The wire of these is the platform's; the command line is no part of the line.
    files: ['apps/console/**', 'apps/reference/**', 'apps/cli/**', 'libs/client/**'],
    rules: { 'no-restricted-globals': 'off' },
  },
  { files: ['**/*.mjs'], extends: [tseslint.configs.base] },
  {
    // Text from outside is read in linear time; what a regular expression may cost is judged for the worst of texts.
    files: ['{apps,libs}/**/*.{ts,tsx,mjs}', 'scripts/**/*.mjs'],
    ignores: ['**/*.spec.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignoreSticky: false }],
    },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts', 'apps/portal-simulator/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'no-restricted-globals': 'off',
    },
  },
);
