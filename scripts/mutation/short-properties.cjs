const { default: fc } = require('fast-check');

/** Runs of a property for one mutant. */
const maxRuns = 20;
const check = fc.assert;

// The same examples for every mutant, so that a result does not depend on the run; a counterexample need not be small.
fc.configureGlobal({ seed: 1, endOnFailure: true });
fc.assert = (property, options = {}) =>
  check(property, { ...options, numRuns: Math.min(options.numRuns ?? maxRuns, maxRuns) });
