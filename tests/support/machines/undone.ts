/**
 * Makes images of a kernel in which one defence is undone. They are the controls of tests that attack the defence: such a test
 * proves something only if it finds the fault here.
 */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../../../linker/toolchain/build.js';
import { ORDINARY } from '../../../linker/toolchain/kinds.js';
import { root } from '../../../linker/paths.js';
import { replaceOnce } from '../replaceOnce.js';

export interface Replacement {
  /** Path of a source in kernel/ or runtime-c/, relative to the project. */
  readonly file: string;
  /** A text that the file has exactly once. */
  readonly from: string;
  readonly to: string;
}

/** Folders that can be changed are copied; the others that a build needs are shared with the project. */
const COPIED = ['kernel', 'runtime-c'];
const SHARED = ['linker', 'transpiler', 'package.json'];
/** Import path of the language's library, and the same from the copy, which lies three levels deeper. */
const LIBRARY = '../transpiler/lib/';
const LIBRARY_FROM_COPY = `../../../${LIBRARY}`;

/**
 * Builds a copy of the sources with `replacements` and returns the image's path. The copy stays in build/undone/, so that it is
 * built again only if the sources have changed; each test uses its own `name`. Throws if a text is not in its file exactly once,
 * or if the transpiler refuses the result.
 */
export async function undoneImage(name: string, replacements: readonly Replacement[]): Promise<string> {
  const copy = join(root, 'build', 'undone', name);
  await copyChanged(copy, async () => {
    for (const { file, from, to } of replacements) {
      await change(join(copy, file), (text) => replaceOnce(text, from, to, file));
    }
  });
  const output = join(copy, 'build');
  const result = await buildImage({ root: copy, output, kind: ORDINARY, onStep: () => undefined });
  if (result.kind === 'refused') throw new Error(`${name} is refused: ${JSON.stringify(result.diagnostics)}`);
  return join(output, 'tsvm.bin');
}

/** Copies the sources of an image to the folder `copy`, three levels below the project's, and has `edit` change them there. */
export async function copyChanged(copy: string, edit: () => Promise<void>): Promise<void> {
  await mkdir(copy, { recursive: true });
  for (const entry of [...COPIED, ...SHARED]) await rm(join(copy, entry), { recursive: true, force: true });
  for (const entry of COPIED) await cp(join(root, entry), join(copy, entry), { recursive: true });
  for (const entry of SHARED) await symlink(join(root, entry), join(copy, entry));
  await edit();
  const modules = (await readdir(join(copy, 'kernel'), { recursive: true })).filter((file) => file.endsWith('.ts'));
  for (const module of modules) {
    await change(join(copy, 'kernel', module), (text) => text.replaceAll(LIBRARY, LIBRARY_FROM_COPY));
  }
}

async function change(path: string, edit: (text: string) => string): Promise<void> {
  await writeFile(path, edit(await readFile(path, 'utf8')));
}
