/** Folders for what a test makes, which two runs at once do not share. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';

export const root = join(import.meta.dirname, '../../../../..');

/** An empty folder of this run, three levels below the project's; it is gone when the test is. */
export function scratchFolder(t: Test, name: string): string {
  const folder = join(root, 'build', 'scratch', `${name}-${process.pid}`);
  const compiled = compiledFolder(folder);
  const remove = (): void => [folder, compiled].forEach((each) => rmSync(each, { recursive: true, force: true }));
  remove();
  mkdirSync(folder, { recursive: true });
  mkdirSync(compiled, { recursive: true });
  t.teardown(remove);
  return folder;
}

/** Where the JavaScript of modules in `folder` lies, so that their imports lead where they should. */
export function compiledFolder(folder: string): string {
  return folder.replace(join(root, 'build'), join(root, 'build', 'js', 'build'));
}
