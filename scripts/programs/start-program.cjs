#!/usr/bin/env node
'use strict';
/*
 * Starts the program that is bundled beside this file, with the code that V8 compiled when it was built
 * (docs/decisions/0033). V8 ignores code of another version of Node; the start is slower then.
 */
const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { Script } = require('node:vm');

const filename = __filename.replace(/\.js$/, '.bundle.js');
const compiled = `${filename}.compiled`;

// The bundle is the function that a CommonJS module is, in ASCII.
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  ...(existsSync(compiled) && { cachedData: readFileSync(compiled) }),
});
script.runInThisContext()(module.exports, createRequire(filename), module, filename, __dirname);
