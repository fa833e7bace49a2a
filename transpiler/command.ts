#!/usr/bin/env node
/** `tsvm-transpile FOLDER OUTPUT`: writes the C of the program in a folder. Exit code 1 where it is refused. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { printDiagnostic } from './diagnostics/print.js';
import { transpile } from './index.js';

const [folder, output] = process.argv.slice(2);
if (folder === undefined || output === undefined) {
  process.stderr.write('usage: tsvm-transpile FOLDER OUTPUT\n');
  process.exit(2);
}

const { diagnostics, files } = transpile({ folder });
for (const diagnostic of diagnostics) process.stderr.write(`${printDiagnostic(diagnostic)}\n`);
if (diagnostics.length > 0)
  process.stderr.write(`${diagnostics.length} ${diagnostics.length === 1 ? 'error' : 'errors'}\n`);
for (const [name, text] of files) {
  mkdirSync(dirname(join(output, name)), { recursive: true });
  writeFileSync(join(output, name), text);
}
process.exitCode = diagnostics.length > 0 ? 1 : 0;
