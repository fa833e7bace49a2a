/** The changes of the sources that a page shows, in blocks of code that are written as diffs. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceOnce } from '../../support/replaceOnce.js';

/** A file that is there has exactly once what a hunk wants; a new one consists of one hunk that wants nothing. */
export interface Change {
  readonly file: string;
  readonly isNew: boolean;
  readonly hunks: readonly Hunk[];
}

interface Hunk {
  readonly from: string;
  readonly to: string;
}

const BLOCK = /^```diff\n(.*?)^```$/gms;
const FILE = /^--- (\S+)\n\+\+\+ (\S+)\n/;
const NO_FILE = '/dev/null';

/** The changes in `page`, a text in Markdown, in their order. */
export function changesIn(page: string): Change[] {
  return [...page.matchAll(BLOCK)].map(([, block = '']) => changeOf(block));
}

function changeOf(block: string): Change {
  const [header, before, file] = FILE.exec(block) ?? [];
  if (header === undefined || file === undefined)
    throw new Error(`a diff that does not begin with its file:\n${block}`);
  const hunks = block
    .slice(header.length)
    .split(/^@@.*\n/m)
    .filter((hunk) => hunk !== '');
  return {
    file,
    isNew: before === NO_FILE,
    hunks: hunks.map((hunk) => ({ from: side(hunk, '-'), to: side(hunk, '+') })),
  };
}

/** What a hunk says of one side: its lines with `sign`, and those without one. */
function side(hunk: string, sign: '+' | '-'): string {
  return hunk
    .split('\n')
    .filter((line) => line === '' || line.startsWith(sign) || line.startsWith(' '))
    .map((line) => line.slice(1))
    .join('\n');
}

/** Applies `changes` to the files below `folder`. Throws where one does not fit. */
export async function applyChanges(changes: readonly Change[], folder: string): Promise<void> {
  for (const { file, isNew, hunks } of changes) {
    const path = join(folder, file);
    if (isNew && existsSync(path)) throw new Error(`${file} is there already`);
    await mkdir(dirname(path), { recursive: true });
    let text = isNew ? '' : await readFile(path, 'utf8');
    for (const { from, to } of hunks) text = isNew ? text + to : replaceOnce(text, from, to, file);
    await writeFile(path, text);
  }
}
