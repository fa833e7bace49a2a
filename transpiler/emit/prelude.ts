/** What emitted programs start with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryFolder } from '../frontend/sources/load.js';

/** The text of prelude.h. */
export function prelude(): string {
  return textOf('prelude.h');
}

/** The text of checks.h. */
export function checksHeader(): string {
  return textOf('checks.h');
}

function textOf(header: string): string {
  return readFileSync(join(libraryFolder(), '..', 'emit', header), 'utf8');
}
