/** Edits of files of the kernel: a run that remembers earlier ones gives what a run from scratch gives. */
import fc from 'fast-check';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { transpile, type Transpiled } from '../../../transpiler/index.js';
import { root } from '../../support/golden.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { importsIn } from '../../support/imports.js';
import { anyEdit, edited } from './edits.js';

t.setTimeout(600_000);

const EDITS = 8;
const seed = Number(process.env['TSVM_SEED'] ?? Date.now() % 1_000_000);
/** A part of the kernel with all its imports: enough files for a change to affect others, and few enough to be quick. */
const PART = ['kernel/exits/msr.ts', 'kernel/machine/madt.ts', 'kernel/boot/loaders/multiboot2.ts'];

t.test(`after random edits, the result is as from scratch (TSVM_SEED=${seed})`, (t) => {
  const folder = scratchFolder(t, 'incremental');
  const program = join(folder, 'kernel');
  const files = [...closureOf(PART)].sort();
  for (const file of files) write(folder, file, readFileSync(join(root, file), 'utf8'));
  const cache = join(folder, 'findings');
  const clean = transpile({ folder: program, cache });
  t.same(clean.diagnostics, [], 'the part of the kernel is accepted as it is');

  let refused = 0;
  for (const [index, edit] of fc.sample(anyEdit, { seed, numRuns: EDITS }).entries()) {
    const file = files[Math.floor(edit.file * files.length)] ?? '';
    const before = readFileSync(join(folder, file), 'utf8');
    write(folder, file, edited(before, edit));
    refused += compare(t, program, cache, `edit ${index}, of ${file}`);
    // Every other edit is undone; otherwise no program would be accepted any more after a few of them.
    if (index % 2 === 0) write(folder, file, before);
  }
  t.comment(`${refused} of ${EDITS} edited programs were refused`);
  t.end();
});

/** Compares a run with the cache and one without; 1 where the program is refused. */
function compare(t: Test, folder: string, cache: string, name: string): 0 | 1 {
  const incremental = transpile({ folder, cache });
  const fromScratch = transpile({ folder });
  t.same(resultOf(incremental), resultOf(fromScratch), name);
  return fromScratch.diagnostics.length > 0 ? 1 : 0;
}

function resultOf({ diagnostics, proofs, files }: Transpiled) {
  return { diagnostics, proofs, files: Object.fromEntries(files) };
}

/** The files, and the files of the kernel that they import, each with its own. */
function closureOf(files: readonly string[]): ReadonlySet<string> {
  const imports = importsIn(root, ['kernel']);
  const found = new Set<string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file) || !imports.has(file)) continue;
    found.add(file);
    waiting.push(...(imports.get(file) ?? []));
  }
  return found;
}

/** Writes a file of the copy, which finds the library where it is. */
function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text.replace(/'(\.\.\/)+transpiler\/lib\//g, `'${root}/transpiler/lib/`));
}
