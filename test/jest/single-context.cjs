const { TestEnvironment } = require('jest-environment-node');

/** Runs test files in the worker's own context, of which everything that they import is. Each file finds it as the first did. */
module.exports = class SingleContext extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global = globalThis;
    this.moduleMocker = new this.moduleMocker.constructor(globalThis);
    this.fakeTimersModern = new this.fakeTimersModern.constructor({ config: config.projectConfig, global: globalThis });
    this.before = { console: globalThis.console, exit: process.exit, env: { ...process.env } };
  }

  async teardown() {
    this.moduleMocker.restoreAllMocks();
    await super.teardown();
    globalThis.console = this.before.console;
    process.exit = this.before.exit;
    for (const name of Object.keys(process.env)) if (!(name in this.before.env)) delete process.env[name];
    Object.assign(process.env, this.before.env);
  }
};
