'use strict';
/*
 * Preloaded into a program of the build: when it ends, saves the code that V8 compiled of its bundle. A message ends it.
 */
const { writeFileSync } = require('node:fs');
const vm = require('node:vm');

process.once('message', () => process.exit());
process.channel.unref();

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    process.on('exit', () => writeFileSync(`${options.filename}.compiled`, this.createCachedData()));
  }
};
