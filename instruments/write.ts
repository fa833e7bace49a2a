/** The part of `npm run docs` that is made of the kernel's lists. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../linker/paths.js';
import { makeFiles } from './generated.js';

for (const [path, text] of await makeFiles(root)) writeFileSync(join(root, path), text);
