/** Where the project and its results lie, whatever folder the command is called in. */
import { dirname, join } from 'node:path';

/** This file runs as build/js/linker/paths.js. */
export const root = dirname(dirname(dirname(import.meta.dirname)));
export const output = join(root, 'build');
