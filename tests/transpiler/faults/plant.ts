/** Plants a fault into a copy of the compiled transpiler, and looks for it with random programs. */
import fc from 'fast-check';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { emptyFolder, root } from '../../support/hosted/scratch.js';
import type { Transpile } from '../random/batch.js';
import { tryModules } from '../random/findings.js';
import { anyProgram, modulesOf } from '../random/modules.js';
import type { Fault } from './faults.js';

const BATCH = 120;
const CASES = 10;

/** How a fault was found; null where it was not. */
export interface Found {
  /** After so many random programs, to the next batch. */
  readonly programs: number;
  readonly finding: string;
}

/** Tries up to `most` random programs on the transpiler with the fault. */
export async function lookFor(fault: Fault, seed: number, most: number): Promise<Found | null> {
  const folder = emptyFolder(`planted-${process.pid}`);
  try {
    const transpile = await planted(fault, folder);
    for (let tried = 0; tried < most; tried += BATCH) {
      const programs = fc.sample(anyProgram, { seed: seed + tried, numRuns: BATCH });
      const { finding } = await tryModules(modulesOf(programs), { seed, cases: CASES, transpile });
      if (finding !== null) return { programs: tried + BATCH, finding };
    }
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The transpiler with the fault, as a copy in `folder`. Throws where a text of the fault is not there exactly once. */
export async function planted({ name, edits }: Fault, folder: string): Promise<Transpile> {
  const copy = join(folder, `transpiler-${name.replace(/\W/g, '-')}`);
  cpSync(join(root, 'build/js/transpiler'), copy, { recursive: true });
  for (const { file, text, by } of edits) {
    const path = join(copy, `${file}.js`);
    const parts = readFileSync(path, 'utf8').split(text);
    if (parts.length !== 2) throw new Error(`${file}.js has ${parts.length - 1} times, not once: ${text}`);
    writeFileSync(path, parts.join(by));
  }
  const { transpile } = (await import(pathToFileURL(join(copy, 'index.js')).href)) as { transpile: Transpile };
  return transpile;
}
