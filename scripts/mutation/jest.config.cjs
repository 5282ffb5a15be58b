const { projects } = require('../../jest.config.cjs');

const { displayName: _, ...unit } = projects.find(({ displayName }) => displayName === 'unit');

/** The unit project, narrowed to the specs in MUTATION_SPECS (globs, separated by spaces). */
module.exports = {
  ...unit,
  rootDir: '../..',
  testMatch: (process.env.MUTATION_SPECS ?? '').split(' ').map((glob) => `<rootDir>/${glob}`),
  modulePathIgnorePatterns: [],
  setupFiles: ['<rootDir>/scripts/mutation/short-properties.cjs'],
};
