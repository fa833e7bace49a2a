/** Plants a fault into a copy of the compiled transpiler, and looks for it with random programs. */
import fc from 'fast-check';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { emptyFolder, root } from '../../support/hosted/scratch.js';
import { replaceOnce } from '../../support/replaceOnce.js';
import type { Transpile } from '../random/batch.js';
import { tryModules } from '../random/findings.js';
import { anyProgram, modulesOf } from '../random/modules.js';
import type { Fault } from './faults.js';

const COMPILED = join(root, 'build/js/transpiler');
const BATCH = 150;
const CASES = 8;

/** How a fault was found. */
export interface Found {
  /** The number of random programs until then, in whole batches. */
  readonly programs: number;
  readonly finding: string;
}

/** Tries up to `most` random programs on the transpiler with the fault. */
export async function lookFor(fault: Fault, seed: number, most: number): Promise<Found | null> {
  const folder = emptyFolder(`planted-${process.pid}`);
  try {
    const transpile = await planted(fault, folder);
    for (let tried = 0; tried < most; tried += BATCH) {
      const ofBatch = seed + tried;
      const programs = fc.sample(anyProgram, { seed: ofBatch, numRuns: BATCH });
      const { finding } = await tryModules(modulesOf(programs), { seed: ofBatch, cases: CASES, transpile });
      if (finding !== null) return { programs: tried + BATCH, finding };
    }
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files that the fault changes, as they are with it. Throws if a text to replace does not stand there exactly once. */
export function editedFiles({ edits }: Fault): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { file, text, by } of edits) {
    const before = files.get(file) ?? readFileSync(join(COMPILED, `${file}.js`), 'utf8');
    files.set(file, replaceOnce(before, text, by, `transpiler/${file}.js`));
  }
  return files;
}

/** The folder of the faulty transpiler in `folder`. */
export function plantedFolder({ name }: Fault, folder: string): string {
  return join(folder, `transpiler-${name.replace(/\W/g, '-')}`);
}

/** Makes a copy of the transpiler with the fault in `folder`, and loads it. */
export async function planted(fault: Fault, folder: string): Promise<Transpile> {
  const copy = plantedFolder(fault, folder);
  cpSync(COMPILED, copy, { recursive: true });
  for (const [file, text] of editedFiles(fault)) writeFileSync(join(copy, `${file}.js`), text);
  const { transpile } = (await import(pathToFileURL(join(copy, 'index.js')).href)) as { transpile: Transpile };
  return transpile;
}
