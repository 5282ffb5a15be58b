const { options } = require('./.dependency-cruiser.cjs');

/** Folders, like files, import each other in one direction only. Specs stand beside what they test and may import any. */
module.exports = {
  forbidden: [{ name: 'no-circles-of-folders', severity: 'error', scope: 'folder', from: {}, to: { circular: true } }],
  options: { ...options, exclude: { path: `${options.exclude.path}|\\.spec\\.ts$|^test/` } },
};
