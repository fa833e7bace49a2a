/** Each construct of the language and the C it becomes: golden/NAME.ts and golden/NAME.c. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { printDiagnostic } from '../../../transpiler/diagnostics/print.js';
import { transpile, type Transpiled } from '../../../transpiler/index.js';
import { matchesGolden, root } from '../../support/golden.js';

const FOLDER = 'tests/transpiler/constructs';
/** As the kernel is compiled (linker/toolchain/compile.ts), where it matters for warnings. */
const FLAGS =
  '-std=c11 -ffreestanding -Wall -Wextra -Werror -mgeneral-regs-only -mno-red-zone -mcmodel=kernel -fno-pic -O2 -g -c';

const constructs = transpile({ folder: join(root, FOLDER, 'golden') });
const entries = transpile({ folder: join(root, FOLDER, 'entries') });

for (const source of readdirSync(join(root, FOLDER, 'golden')).filter((name) => name.endsWith('.ts'))) {
  const file = source.replace(/ts$/, 'c');
  t.test(`${source} becomes the C of its golden file`, (t) => {
    matchesGolden(t, `${FOLDER}/golden/${file}`, constructs.files.get(file) ?? '');
    t.end();
  });
}

for (const file of ['constants.h', 'layouts.h', 'offsets.inc', 'prototypes.h', 'image.c']) {
  t.test(`all constructs together give the ${file} of its golden file`, (t) => {
    matchesGolden(t, `${FOLDER}/golden/${file === 'image.c' ? 'image.c.txt' : file}`, constructs.files.get(file) ?? '');
    t.end();
  });
}

t.test('no construct is refused', (t) => {
  t.same(constructs.diagnostics.map(printDiagnostic), []);
  t.end();
});

t.test('gcc compiles all constructs without a warning', (t) => {
  t.doesNotThrow(() => compile(constructs));
  t.end();
});

t.test('an entry point has the symbol that assembly calls', (t) => {
  matchesGolden(t, `${FOLDER}/entries/prototypes.h`, entries.files.get('prototypes.h') ?? '');
  t.end();
});

t.test('what no entry point reaches is not emitted', (t) => {
  t.notMatch(entries.files.get('main.c'), /unreached/);
  t.end();
});

t.test('the same program in another folder gives the same bytes', (t) => {
  mkdirSync(join(root, 'build', 'golden'), { recursive: true });
  const parent = mkdtempSync(join(root, 'build', 'golden', 'copy-'));
  cpSync(join(root, FOLDER, 'golden'), join(parent, 'golden'), { recursive: true });
  const copy = transpile({ folder: join(parent, 'golden') });
  rmSync(parent, { recursive: true });
  t.same([...copy.files], [...constructs.files]);
  t.end();
});

/** Runs gcc on `program`; throws what it says. */
function compile({ files }: Transpiled): void {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'constructs-'));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const includes = ['-I', folder, '-I', join(root, FOLDER)];
    execFileSync('gcc', [...FLAGS.split(' '), ...includes, '-o', join(folder, 'image.o'), join(folder, 'image.c')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
