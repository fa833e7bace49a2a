/** Golden files hold expected results beside a test. UPDATE_GOLDEN=1 writes the actual results into them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { root } from '../../linker/paths.js';

export { root };

/** Compares `actual` with the golden file at `path`, relative to the project. */
export function matchesGolden(t: Test, path: string, actual: string): void {
  const file = join(root, path);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
  }
  const expected = existsSync(file) ? readFileSync(file, 'utf8') : '';
  t.equal(actual, expected, `${path} (UPDATE_GOLDEN=1 writes it anew)`);
}
