/** Makes images with a planted fault, or without a check: the kernel's current C is patched and linked anew. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { compile, link } from '../../../linker/toolchain/compile.js';
import { root } from '../../../linker/paths.js';
import { freshImage, imageFolder, testedKind } from './harness.js';
import { scratchFolder } from '../hosted/scratch.js';

export interface Patch {
  /** Of the folder c of the kind of image. */
  readonly file: string;
  /** The start of a function, up to its opening brace, as the file has it. */
  readonly functionStart: RegExp;
  /** C code that is inserted at the function's start. */
  readonly then: string;
}

/** Makes an image with `patches` and returns its path. Throws if a patch does not find its function. */
export async function patchedImage(
  t: Test,
  name: string,
  patches: readonly Patch[],
  kind = testedKind,
): Promise<string> {
  await freshImage(kind);
  const output = scratchFolder(t, name);
  await mkdir(output, { recursive: true });
  await cp(join(imageFolder(kind), 'c'), join(output, 'c'), { recursive: true });
  for (const { file, functionStart, then } of patches) {
    const path = join(output, 'c', file);
    const text = await readFile(path, 'utf8');
    const patched = text.replace(functionStart, (start) => `${start}\n${then}\n`);
    if (patched === text) throw new Error(`${file} has no ${functionStart.source}`);
    await writeFile(path, patched);
  }
  const paths = { root, output };
  await link(paths, await compile(paths));
  return join(output, 'tsvm.bin');
}
