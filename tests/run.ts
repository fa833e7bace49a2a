/**
 * Runs the tests, the quick ones first, and ends with a line `N passed, N failed`.
 * Words on the command line select tests: `npm test -- boot cli` runs the files whose path contains one of them. Those in
 * tests/long/ run only with `--all`, as by `npm run test:all`, or if a word selects them. `--all` without words also runs those
 * in tests/boot/ a second time, on the checked image; `TSVM_IMAGE=checked npm test -- WORD` runs selected ones on it.
 */
import { execa } from 'execa';
import { readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { root } from '../linker/paths.js';

/** Folders whose tests take more than a few seconds. */
const SLOW = [
  'tests/docs/examples',
  'tests/transpiler/random',
  'tests/transpiler/checked',
  'tests/transpiler/differential',
  'tests/transpiler/faults',
  'tests/transpiler/mutants',
  'tests/transpiler/secondOpinion',
  'tests/transpiler/gdb',
  'tests/transpiler/incremental',
  'tests/transpiler/package',
  'tests/cli',
  'tests/fuzz',
  'tests/boot',
  'tests/adversary',
  'tests/guests',
  'tests/long',
];

const ALL = '--all';
/** Tests that do not run on the checked image: they count instructions, or build an image of their own. */
const ORDINARY_ONLY = ['checked', 'forms', 'operations', 'start', 'svmBochs', 'vmxCpuid', 'vmxTimers'];

/** The tests, which are the points one level below their file. A file that fails without a failed point counts as one. */
const count = { passed: 0, failed: 0, failedInFile: 0 };

const files = (await testFiles()).filter(isChosen).sort();
if (files.length === 0) print('no test file has such a path');
await runFiles(files.filter((file) => !isSlow(file)));
await runFiles(files.filter(isSlow));
if (process.argv.slice(2).join() === ALL) {
  print('\non the checked image:');
  await runFiles(files.filter(bootsAnyImage), { TSVM_IMAGE: 'checked' });
}
print(`\n${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;

async function testFiles(): Promise<string[]> {
  const entries = await readdir(join(root, 'tests'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function isChosen(file: string): boolean {
  const words = process.argv.slice(2).filter((word) => word !== ALL);
  if (words.length > 0) return words.some((word) => file.includes(word));
  return process.argv.includes(ALL) || !file.startsWith('tests/long/');
}

function isSlow(file: string): boolean {
  return SLOW.some((folder) => file.startsWith(`${folder}/`));
}

function bootsAnyImage(file: string): boolean {
  return file.startsWith('tests/boot/') && !ORDINARY_ONLY.includes(basename(file, '.test.ts'));
}

/** Runs files; prints each file's result at once, and tap's details of failed tests. */
async function runFiles(files: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  if (files.length === 0) return;
  const compiled = files.map((file) => join('build', 'js', file.replace(/\.ts$/, '.js')));
  const tap = execa('node_modules/.bin/tap', ['run', '--reporter=tap', ...compiled], {
    cwd: root,
    env,
    stderr: 'inherit',
    reject: false,
  });
  let failureIndent: string | null = null;
  for await (const line of tap) {
    countPoint(line);
    const file = /^(ok|not ok) \d+ - build\/js\/(\S+)\.js/.exec(line);
    if (file) print(`${file[1] === 'ok' ? 'ok    ' : 'FAILED'} ${file[2]}`);
    failureIndent ??= /^( *)not ok \d/.exec(line)?.[1] ?? null;
    if (failureIndent !== null) print(line);
    // A point's details end with three dots, indented by two more columns.
    if (failureIndent !== null && line === `${failureIndent}  ...`) failureIndent = null;
  }
}

function countPoint(line: string): void {
  if (/^ {4}ok \d/.test(line)) count.passed += 1;
  else if (/^ {4}not ok \d/.test(line)) count.failedInFile += 1;
  else if (/^(not )?ok \d/.test(line)) {
    count.failed += line.startsWith('not') ? Math.max(count.failedInFile, 1) : count.failedInFile;
    count.failedInFile = 0;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
