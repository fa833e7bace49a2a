/** The folders of the project and of its results. They do not depend on the folder in which a command is called. */
import { dirname, join } from 'node:path';

/** The project's folder: this file runs as build/js/linker/paths.js in it. */
export const root = dirname(dirname(dirname(import.meta.dirname)));
export const output = join(root, 'build');
