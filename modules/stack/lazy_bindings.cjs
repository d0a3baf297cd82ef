// Loaded into jsii's Node process before its program (NODE_OPTIONS=--require).
// The AWS bindings ship two entries: lib/index.js loads all of their 1,500 modules,
// lib/lazy-index.js each one at its first use. package.json names the first.
"use strict";
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const ENTRY = path.join("lib", "index.js");
const PACKAGE = path.join("@cdktf", "provider-aws") + path.sep;
const resolveFilename = Module._resolveFilename;

Module._resolveFilename = function (...args) {
  const file = resolveFilename.apply(this, args);
  if (!file.endsWith(path.sep + ENTRY) || !file.includes(PACKAGE)) return file;
  const lazy = path.join(path.dirname(file), "lazy-index.js");
  return fs.existsSync(lazy) ? lazy : file;
};
