const Module = require('node:module');
const { join } = require('node:path');
const { compileFunction, constants } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

const root = join(__dirname, '../..');
const { _resolveFilename: resolveFilename } = Module;
let current;

/**
 * Loads everything but the test file itself with Node's own `require`, so that a worker evaluates Nest, zod, BullMQ and our own
 * modules once instead of once for each test file. Modules cannot be mocked or reset. It needs `single-context.cjs`.
 */
class SharedModules extends Runtime {
  constructor(...args) {
    super(...args);
    current = this;
    // Jest compiles for the context of its environment; this one is in the worker's own.
    const options = { importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER };
    const { executor } = this;
    executor.compile = (source, filename) =>
      compileFunction(source, executor.injectedModuleParameters, { ...options, filename });
  }

  /** Modules that a test file imports use `jest`, too, which Jest hands to its own modules only. */
  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    globalThis.jest = this.jestGlobals.cjsGlobals(this._testPath).jest;
  }

  requireModuleOrMock(from, name) {
    return Module.createRequire(from)(name);
  }

  transpile(file) {
    return this.transformCache.transform(file);
  }
}

/** Our packages are read from their sources, as `paths` of tsconfig.json says. */
Module._resolveFilename = function (name, ...rest) {
  const [, library] = /^@b24\/([a-z-]+)$/.exec(name) ?? [];
  return resolveFilename.call(this, library ? join(root, 'libs', library, 'src') : name, ...rest);
};

Module._extensions['.ts'] = (module, file) => module._compile(current.transpile(file), file);

module.exports = SharedModules;
