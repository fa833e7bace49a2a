/** `npm run docs`: writes the generated pages. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePages } from './pages.js';

const root = join(import.meta.dirname, '../../../..');
for (const [path, text] of await makePages(root)) writeFileSync(join(root, path), text);
