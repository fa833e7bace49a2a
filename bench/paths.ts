import { dirname, join } from 'node:path';

/** This file runs as build/js/bench/paths.js. */
export const root = dirname(dirname(dirname(import.meta.dirname)));
export const output = join(root, 'build');
