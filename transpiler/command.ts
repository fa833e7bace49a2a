#!/usr/bin/env node
/**
 * `tsvm-transpile FOLDER OUTPUT`: writes the C of the program in a folder. Exit code 1 and no C if the program is refused; 2 if
 * there is no program.
 */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { printDiagnostic } from './diagnostics/print.js';
import { transpile } from './index.js';

const [folder, output] = process.argv.slice(2);
if (folder === undefined || output === undefined) stop('usage: tsvm-transpile FOLDER OUTPUT');
if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) stop(`there is no folder ${folder}`);
if (!readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.ts')))
  stop(`there is no .ts file in ${folder}`);

const { diagnostics, files } = transpile({ folder });
for (const diagnostic of diagnostics) process.stderr.write(`${printDiagnostic(diagnostic)}\n`);
if (diagnostics.length > 0) {
  process.stderr.write(`${diagnostics.length} ${diagnostics.length === 1 ? 'error' : 'errors'}\n`);
  process.exitCode = 1;
} else {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(output, name)), { recursive: true });
    writeFileSync(join(output, name), text);
  }
}

function stop(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
