/** Folders for what a test makes, which two runs at once do not share. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { root } from '../../../linker/paths.js';

export { root };

/** An empty folder of this run, three levels below the project's; it is gone when the test is. */
export function scratchFolder(t: Test, name: string): string {
  const folder = emptyFolder(`${name}-${process.pid}`);
  t.teardown(() => [folder, compiledFolder(folder)].forEach(remove));
  return folder;
}

/** An empty folder, three levels below the project's, and one for its JavaScript. */
export function emptyFolder(name: string): string {
  const folder = join(root, 'build', 'scratch', name);
  for (const each of [folder, compiledFolder(folder)]) {
    remove(each);
    mkdirSync(each, { recursive: true });
  }
  return folder;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Where the JavaScript of modules in `folder` lies, so that their imports lead where they should. */
export function compiledFolder(folder: string): string {
  return folder.replace(join(root, 'build'), join(root, 'build', 'js', 'build'));
}
