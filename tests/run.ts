/**
 * Runs the tests, the quick ones first, and closes with a line `N passed, N failed`.
 * Words on the command line choose: `npm test -- boot cli` runs the files whose path holds one of them.
 */
import { execa } from 'execa';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const results = join(root, 'build', 'tests.tap');
/** Folders of tests by what they cost; all others are quicker. */
const SLOW = [
  'tests/transpiler/random',
  'tests/transpiler/differential',
  'tests/transpiler/gdb',
  'tests/cli',
  'tests/boot',
];

const files = (await testFiles()).filter(isChosen).sort(byCost);
if (files.length === 0) {
  process.stdout.write('no test file has such a path\n0 passed, 1 failed\n');
  process.exit(1);
}
const compiled = files.map((file) => join('build', 'js', file.replace(/\.ts$/, '.js')));
const tap = await execa('node_modules/.bin/tap', ['run', '--reporter=base', `--output-file=${results}`, ...compiled], {
  cwd: root,
  stdio: 'inherit',
  reject: false,
});
const { passed, failed } = countResults(await readFile(results, 'utf8'));
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(tap.failed || failed > 0 ? 1 : 0);

async function testFiles(): Promise<string[]> {
  const entries = await readdir(join(root, 'tests'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function isChosen(file: string): boolean {
  const words = process.argv.slice(2);
  return words.length === 0 || words.some((word) => file.includes(word));
}

function byCost(a: string, b: string): number {
  const cost = (file: string) => SLOW.findIndex((folder) => file.startsWith(`${folder}/`));
  return cost(a) - cost(b) || (a < b ? -1 : 1);
}

/** A test is a point one level below its file; a file that fails without one counts as a failed test itself. */
function countResults(text: string): { passed: number; failed: number } {
  let passed = 0;
  let failed = 0;
  let failedInFile = 0;
  for (const line of text.split('\n')) {
    if (/^ {4}ok \d/.test(line)) passed += 1;
    else if (/^ {4}not ok \d/.test(line)) failedInFile += 1;
    else if (/^(not )?ok \d/.test(line)) {
      failed += line.startsWith('not') ? Math.max(failedInFile, 1) : failedInFile;
      failedInFile = 0;
    }
  }
  return { passed, failed };
}
