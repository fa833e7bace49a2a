/** A program that breaks what is proved stops in its checked C, at the line of what was proved. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { transpileChecked } from '../../../transpiler/index.js';
import type { Function } from '../../../transpiler/ir/nodes.js';
import type { Case, Value } from '../../support/hosted/case.js';
import { instancesReachedFrom } from '../../support/hosted/generate.js';
import { compileNative, runNative } from '../../support/hosted/nativeRun.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { withImports } from '../prove/support.js';
import { BROKEN, type BrokenProgram } from './programs.js';

const LIBRARY = '../../../transpiler/lib/index.js';
/** Where a window of a case lies, and where instances do. */
const WINDOW = 0x1000n;
const INSTANCES = 0x10_0000n;

const folder = scratchFolder(t, 'broken');
const sources = BROKEN.map(({ text }, index) => withImports(text.replaceAll('ID', String(index)), LIBRARY));
sources.forEach((source, index) => writeFileSync(join(folder, `m${index}.ts`), source));
const { program, files } = transpileChecked({ folder });
BROKEN.forEach(({ planted }, index) => {
  const name = `m${index}.c`;
  const text = files.get(name) ?? '';
  if (planted === undefined) return;
  if (!text.includes(planted[0])) throw new Error(`${name} has no ${planted[0]}`);
  (files as Map<string, string>).set(name, text.replace(planted[0], planted[1]));
});
const called = BROKEN.map((_, index) => functionOf(index));
const native = await compileNative(program, files, called, scratchFolder(t, 'broken-c'));
const instances = new Map(
  called.flatMap(instancesReachedFrom).map((instance, index) => {
    const base = INSTANCES + BigInt(index) * 0x1000n;
    return [instance, { base, bytes: new Uint8Array(instance.layout.bytes) }] as const;
  }),
);
const outcomes = await runNative(native, { instances }, BROKEN.map(caseOf));

BROKEN.forEach(({ name, says }, index) => {
  t.test(`${name} is checked`, (t) => {
    const [, place = '', said] = /^check failed: \S*\/(m\d+\.ts:\d+):\d+: (.*)$/m.exec(outcomes[index] ?? '') ?? [];
    t.equal(said, says, outcomes[index] ?? 'no outcome');
    t.equal(place, `m${index}.ts:${lineOf(sources[index] ?? '')}`);
    t.end();
  });
});

function functionOf(index: number): Function {
  const module = program.modules.find(({ name }) => name === `m${index}`);
  const found = module?.functions.find(({ name }) => name === 'f');
  if (found === undefined) throw new Error(`program ${index} has no f`);
  return found;
}

function caseOf({ arguments: values }: BrokenProgram, index: number): Case {
  const tested = functionOf(index);
  const reached = instancesReachedFrom(tested);
  return {
    function: tested,
    arguments: values.map((value): Value => (value instanceof Uint8Array ? { base: WINDOW, bytes: value } : value)),
    regions: [],
    instances: new Map(reached.map((instance) => [instance, new Uint8Array(instance.layout.bytes)])),
    answers: [],
  };
}

function lineOf(source: string): number {
  return source.split('\n').findIndex((line) => line.includes('// here')) + 1;
}
