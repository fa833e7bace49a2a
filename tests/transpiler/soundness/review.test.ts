/** Each program is refused with a TSV code, or does the same in Node and in C at each level of optimization. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { transpile } from '../../../transpiler/index.js';
import type { Function } from '../../../transpiler/ir/nodes.js';
import type { Case } from '../../support/hosted/case.js';
import { compareRuns } from '../../support/hosted/compare.js';
import { instancesReachedFrom } from '../../support/hosted/generate.js';
import { compileNative } from '../../support/hosted/nativeRun.js';
import { loadProgram } from '../../support/hosted/nodeRun.js';
import { compiledFolder, scratchFolder } from '../../support/hosted/scratch.js';
import { withImports } from '../prove/support.js';
import { CONSTANTS } from './constants.js';
import { CONTRACTS, TYPESCRIPT } from './contracts.js';
import { LAYOUTS } from './layouts.js';
import { NAMES, ORDER } from './names.js';
import { preamble, type Program } from './programs.js';
import { PROVER } from './prover.js';

t.setTimeout(300_000);

const LIBRARY = '../../../transpiler/lib/index.js';
const all: readonly Program[] = [...PROVER, ...CONTRACTS, ...TYPESCRIPT, ...LAYOUTS, ...CONSTANTS, ...NAMES, ...ORDER];

t.test('what has a code is refused with it', (t) => {
  const folder = scratchFolder(t, 'refused');
  all.forEach(({ text }, index) => write(folder, index, text));
  const { diagnostics } = transpile({ folder });
  for (const [index, { name, code }] of all.entries()) {
    const found = diagnostics.filter(({ at }) => at.file.endsWith(`/m${index}.ts`));
    const codes = found.map((diagnostic) => diagnostic.code);
    if (code === undefined) t.same(found, [], `accepted: ${name}`);
    else t.ok(codes.includes(code), `refused: ${name}: ${codes.join(' ')}`);
  }
  t.end();
});

t.test('what has none does the same in Node and in C', async (t) => {
  const folder = scratchFolder(t, 'accepted');
  const kept = [...all.entries()].filter(([, { code }]) => code === undefined);
  for (const [index, { text }] of kept) {
    write(folder, index, text);
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(source(index, text), { compilerOptions });
    writeFileSync(join(compiledFolder(folder), `m${index}.js`), outputText);
  }
  const { diagnostics, program, files } = transpile({ folder });
  t.same(diagnostics, []);
  const url = (module: string): string => new URL(`file://${join(compiledFolder(folder), `${module}.js`)}`).href;
  const loaded = await loadProgram(program, url);
  const cases = kept.flatMap(([index, { calls = [] }]) => {
    const module = program.modules.find(({ name }) => name === `m${index}`);
    return calls.map(([called, ...values]) =>
      caseOf(module?.functions.find(({ name }) => name === called) as Function, values),
    );
  });
  for (const optimization of ['-O0', '-O2', '-O3'] as const) {
    const native = await compileNative(
      program,
      files,
      program.entries,
      scratchFolder(t, `c${optimization}`),
      optimization,
    );
    const { ran, difference } = await compareRuns(loaded, native, cases);
    t.equal(difference, null, `${optimization}: ${difference?.call}: ${difference?.inNode} / ${difference?.inC}`);
    t.equal(ran.length, cases.length);
  }
});

function source(index: number, text: string): string {
  return withImports(`${preamble(index)}${text.replaceAll('MODULE', `m${index}`)}\n`, LIBRARY);
}

function write(folder: string, index: number, text: string): void {
  writeFileSync(join(folder, `m${index}.ts`), source(index, text));
}

function caseOf(tested: Function, values: readonly bigint[]): Case {
  const empty = instancesReachedFrom(tested).map(
    (instance) => [instance, new Uint8Array(instance.layout.bytes)] as const,
  );
  return { function: tested, arguments: values, regions: [], instances: new Map(empty), answers: [] };
}
