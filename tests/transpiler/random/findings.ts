/** Tries many programs at once and reports the first fault of the transpiler, if there is one. */
import fc from 'fast-check';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Function } from '../../../transpiler/ir/nodes.js';
import type { Case } from '../../support/hosted/case.js';
import { compareRuns } from '../../support/hosted/compare.js';
import { anyCase } from '../../support/hosted/generate.js';
import { compileNative } from '../../support/hosted/nativeRun.js';
import { loadProgram } from '../../support/hosted/nodeRun.js';
import { compiledFolder, emptyFolder, root } from '../../support/hosted/scratch.js';
import {
  checkModules,
  compileForNode,
  PreambleRefused,
  textOf,
  type Checked,
  type GeneratedModule,
  type Transpile,
} from './batch.js';

/** How one batch of programs went. */
export interface Tried {
  /** A crash, what gcc refuses, a sanitizer's report, or another result in C than in Node; null where there is none. */
  readonly finding: string | null;
  readonly checked: Checked | null;
  /** The number of calls that ran in Node and in C. */
  readonly calls: number;
}

/** How the programs are tried; the numbers of calls are drawn from `seed`. */
export interface Trial {
  readonly seed: number;
  /** How often each program is called. */
  readonly cases: number;
  readonly transpile?: Transpile;
}

let batches = 0;

/** Transpiles the programs that are accepted, runs them in Node and as C under the sanitizers, and compares. */
export async function tryModules(modules: readonly GeneratedModule[], trial: Trial): Promise<Tried> {
  const folder = emptyFolder(`tried-${process.pid}-${batches++}`);
  const forC = join(folder, 'c');
  let checked: Checked | null = null;
  try {
    checked = checkModules(folder, modules, trial.transpile);
    const { program, files, accepted } = checked;
    const loaded = await loadProgram(program, compileForNode(folder, accepted));
    const native = await compileNative(program, files, program.entries, forC);
    const { ran, difference } = await compareRuns(loaded, native, casesOf(program.entries, trial));
    const finding =
      difference &&
      `${difference.call}\nNode: ${difference.inNode}\nC:    ${difference.inC}\n${sourceOf(checked, difference.case.function)}`;
    return { finding, checked, calls: ran.length };
  } catch (error) {
    if (error instanceof PreambleRefused) throw error;
    return { finding: messageOf(error), checked, calls: 0 };
  } finally {
    for (const each of [folder, compiledFolder(folder)]) rmSync(each, { recursive: true, force: true });
  }
}

/** The programs among `modules` that the transpiler accepted. */
export function acceptedIn({ checked }: Tried): number {
  return checked?.accepted.reduce((sum, { functions }) => sum + functions.length, 0) ?? 0;
}

/** The seed in TSVM_SEED, which repeats a run; a new one each time without it. */
export function seedOfRun(): number {
  return Number(process.env['TSVM_SEED'] ?? 1 + Math.floor(Math.random() * 0x7fff_fffe));
}

/** Each program gets numbers of its own: with the same for all, a seed of which none fits would miss a fault in every program. */
function casesOf(entries: readonly Function[], { seed, cases }: Trial): Case[] {
  return entries.flatMap((one, index) =>
    fc.sample(anyCase(one).map(withLittleMemory), { seed: seed + index, numRuns: cases }),
  );
}

/** Keeps little memory, because the programs read little beyond their arguments. */
function withLittleMemory(run: Case): Case {
  return { ...run, regions: run.regions.slice(0, 1).map(({ base, bytes }) => ({ base, bytes: bytes.slice(0, 512) })) };
}

function sourceOf({ accepted }: Checked, tested: Function): string {
  const module = accepted[Number(tested.module.name.slice(1))];
  return module?.functions.find((text) => text.includes(` ${tested.name}(`)) ?? (module ? textOf(module) : '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).replaceAll(root, '') : String(error);
}
