/** Makes folders for a test's results. Two simultaneous runs use different ones. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { root } from '../../../linker/paths.js';

export { root };

/** Makes an empty folder of this run, three levels below the project's. It is removed after the test. */
export function scratchFolder(t: Test, name: string): string {
  const folder = emptyFolder(`${name}-${process.pid}`);
  t.teardown(() => [folder, compiledFolder(folder)].forEach(remove));
  return folder;
}

/** Makes an empty folder, three levels below the project's, and one for its JavaScript. */
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

/** The folder for the JavaScript of the modules in `folder`, placed so that their imports work. */
export function compiledFolder(folder: string): string {
  return folder.replace(join(root, 'build'), join(root, 'build', 'js', 'build'));
}
