/** Controls of tests that run a module of the kernel in Node.js: the module with one defence undone. */
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../linker/paths.js';
import { replaceOnce } from './replaceOnce.js';

/**
 * Imports the compiled module of `file`, such as `kernel/x86/spinLock.ts`, with the text `from`, which it has exactly once,
 * replaced with `to`. The module has its own state, and shares all other modules with the original.
 */
export async function importUndone<Module>(file: string, from: string, to: string): Promise<Module> {
  const compiled = join(root, 'build', 'js', file.replace(/\.ts$/, '.js'));
  const changed = compiled.replace(/\.js$/, `.undone-${randomUUID()}.js`);
  try {
    await writeFile(changed, replaceOnce(await readFile(compiled, 'utf8'), from, to, file));
    return (await import(pathToFileURL(changed).href)) as Module;
  } finally {
    await rm(changed, { force: true });
  }
}
