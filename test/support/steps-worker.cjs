/**
 * Reads texts with parsers of the repository and counts steps: blocks that V8 ran, and characters that were handed to
 * built-in functions. A regular expression counts once for each character, and is judged for its worst text besides.
 */
const { readFileSync } = require('node:fs');
const { Session } = require('node:inspector');
const Module = require('node:module');
const { join } = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');
const { transformSync } = require('@swc/core');
const { analyse } = require('scslre');

const root = join(__dirname, '../..');
const jsc = {
  parser: { syntax: 'typescript', decorators: true },
  transform: { legacyDecorator: true, decoratorMetadata: true },
  target: 'es2022',
};
Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename, jsc, module: { type: 'commonjs' } });
  module._compile(code, filename);
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const room = /^@b24\/([a-z-]+)$/.exec(request);
  return resolve.call(this, room ? join(root, 'libs', room[1], 'src/index.ts') : request, ...rest);
};
require('reflect-metadata');
const { parsers } = require(join(root, workerData.registry));

let counted = 0;
let counting = false;
/** Shorter texts are bounded already. */
const longText = 2000;
const expressions = new Map();

/** Counts what a call costs, and nothing of what it calls itself. */
function patch(owner, name, cost) {
  const original = owner[name];
  owner[name] = function (...args) {
    if (!counting) return Reflect.apply(original, this, args);
    counting = false;
    try {
      const answer = Reflect.apply(original, this, args);
      counted += cost.call(this, args, answer) || 0;
      return answer;
    } finally {
      counting = true;
    }
  };
}
/** The same for a function that calls back: what is called counts as well. */
function patchCaller(owner, name, cost) {
  const original = owner[name];
  owner[name] = function (...args) {
    if (counting) counted += cost.call(this, args) || 0;
    return Reflect.apply(original, this, args);
  };
}
const length = (value) => (typeof value === 'string' || Array.isArray(value) ? value.length : 0);
const scanned = function ([, from = 0], found) {
  return (found < 0 ? this.length : found) - Math.min(Number(from) || 0, this.length) + 1;
};
const isExpression = (value) => value instanceof RegExp;
function note(expression, text) {
  if (text.length >= longText) expressions.set(String(expression), expression);
}
patch(String.prototype, 'indexOf', scanned);
patch(String.prototype, 'lastIndexOf', length);
for (const name of ['includes', 'trim', 'trimStart', 'trimEnd', 'toLowerCase', 'toUpperCase', 'normalize'])
  patch(String.prototype, name, function () {
    return this.length;
  });
for (const name of ['split', 'replace', 'replaceAll', 'match', 'search'])
  patch(String.prototype, name, function ([pattern]) {
    if (isExpression(pattern)) note(pattern, this);
    return this.length;
  });
for (const name of ['exec', 'test'])
  patch(RegExp.prototype, name, function ([text]) {
    note(this, String(text));
    // A global or sticky one goes on where it stopped.
    return String(text).length - (this.global || this.sticky ? 0 : 0);
  });
const matchAll = String.prototype.matchAll;
String.prototype.matchAll = function (pattern) {
  if (counting) {
    note(pattern, this);
    counted += this.length;
    counting = false;
    const found = [...matchAll.call(this, pattern)];
    counting = true;
    counted += found.length;
    return found[Symbol.iterator]();
  }
  return matchAll.call(this, pattern);
};
patchCaller(JSON, 'parse', ([text]) => length(text));
for (const name of ['decodeURIComponent', 'encodeURIComponent', 'decodeURI', 'unescape'])
  patch(globalThis, name, ([text]) => length(text));
for (const name of ['keys', 'entries', 'values', 'getOwnPropertyNames'])
  patch(Object, name, (_args, found) => found.length);
for (const name of ['join', 'concat', 'slice', 'splice', 'indexOf', 'includes', 'reverse', 'flat', 'shift', 'unshift'])
  patch(Array.prototype, name, function () {
    return this.length;
  });
for (const name of ['sort', 'map', 'filter', 'flatMap', 'find', 'some', 'every', 'forEach', 'reduce'])
  patchCaller(Array.prototype, name, () => 1);

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Blocks that ran since the last call. */
function blocks() {
  let sum = 0;
  session.post('Profiler.takePreciseCoverage', (error, { result } = { result: [] }) => {
    if (error) throw error;
    for (const { url, functions } of result) {
      if (url.includes('steps-worker') || url.includes('/refa/') || url.includes('/scslre/')) continue;
      for (const { ranges } of functions) for (const { count } of ranges) sum += count;
    }
  });
  return sum;
}

const judged = new Map();
function isSuperLinear(expression) {
  const key = String(expression);
  if (!judged.has(key)) {
    const { source, flags } = expression;
    let reports;
    try {
      ({ reports } = analyse({ source, flags }, { assumeRejectingSuffix: false }));
    } catch {
      reports = [];
    }
    judged.set(key, reports.length > 0);
  }
  return judged.get(key);
}

parentPort.on('message', ({ name, text }) => {
  const parser = parsers.find((it) => it.name === name);
  blocks();
  counted = 0;
  expressions.clear();
  counting = true;
  try {
    const answer = parser.read(text);
    // What it does later is not counted, and may fail.
    if (answer instanceof Promise) answer.catch(() => undefined);
  } catch {
    // What is refused was read as well.
  } finally {
    counting = false;
  }
  const steps = counted + blocks();
  const slow = [...expressions.values()].filter(isSuperLinear).map(String);
  parentPort.postMessage({ steps, slow });
});
parentPort.postMessage('ready');
