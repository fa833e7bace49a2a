/** Makes the stamp of a build, which changes whenever something changes that the result depends on. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { toolVersion } from './tools.js';

const SOURCE_FOLDERS = ['kernel', 'runtime-c', 'linker', 'transpiler'];
const COMPILED_FOLDERS = ['linker', 'transpiler'];

/** A hash of the sources, of the compiled build program itself, and of the versions of the tools. */
export async function buildStamp(root: string): Promise<string> {
  const program = dirname(dirname(import.meta.dirname));
  const folders = [
    ...SOURCE_FOLDERS.map((folder) => join(root, folder)),
    ...COMPILED_FOLDERS.map((folder) => join(program, folder)),
  ];
  const lists = await Promise.all(folders.map(filesOf));
  const versions = await Promise.all([toolVersion('gcc'), toolVersion('nasm'), toolVersion('ld')]);
  const hash = createHash('sha256').update(JSON.stringify([process.version, versions]));
  for (const file of lists.flat().sort()) {
    hash.update(`${relative(root, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
