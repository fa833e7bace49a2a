/** The kernel, transpiled once for all tests that compare its two forms. */
import { join } from 'node:path';
import { emit, transpile } from '../../../transpiler/index.js';
import type { Function, Program } from '../../../transpiler/ir/nodes.js';
import { loadProgram, type LoadedProgram } from '../../support/hosted/nodeRun.js';
import { root } from '../../support/hosted/scratch.js';

export interface Kernel {
  readonly program: Program;
  /** Every exported function, whether the image uses it or not. */
  readonly functions: readonly Function[];
  /** The C of all of them. */
  readonly files: ReadonlyMap<string, string>;
  readonly loaded: LoadedProgram;
}

/** Throws where the transpiler refuses the kernel. */
export async function loadKernel(): Promise<Kernel> {
  const { program, diagnostics } = transpile({ folder: join(root, 'kernel') });
  const [first] = diagnostics;
  if (first || !program)
    throw new Error(`the kernel is refused: ${first?.at.file}:${first?.at.line} ${first?.code} ${first?.message}`);
  const url = (module: string): string => new URL(`file://${root}/build/js/kernel/${module}.js`).href;
  const functions = program.modules.flatMap((module) => module.functions.filter(({ exported }) => exported));
  const files = emit({ ...program, entries: functions });
  return { program, functions, files, loaded: await loadProgram(program, url) };
}
