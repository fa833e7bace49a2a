/** Checks quickly that each undoing still fits the sources; other tests build the images, which takes minutes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../linker/paths.js';
import { replaceOnce } from '../support/replaceOnce.js';
import { OTHER_UNDOINGS } from './otherUndoings.js';
import { UNDOINGS } from './undoings.js';

for (const { name, replacements } of [...UNDOINGS, ...OTHER_UNDOINGS]) {
  t.test(`${name} changes texts that are there once`, (t) => {
    const changed = new Map<string, string>();
    for (const { file, from, to } of replacements) {
      const text = changed.get(file) ?? readFileSync(join(root, file), 'utf8');
      changed.set(file, replaceOnce(text, from, to, file));
    }
    t.not(changed.size, 0);
    t.end();
  });
}
