/** What every emitted program starts with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryFolder } from '../frontend/load.js';

/** The text of prelude.h. */
export function prelude(): string {
  return readFileSync(join(libraryFolder(), '..', 'emit', 'prelude.h'), 'utf8');
}
