/** From the checked program to C. */
import type { Program } from '../ir/nodes.js';
import { emitConstants } from './constants.js';
import { emitLayouts } from './layouts.js';
import { emitModule, emitPrototypes } from './modules.js';
import { prelude } from './prelude.js';
import { reachable } from './reachable.js';

/**
 * The C files of `program`, by path. `image.c` includes all others and `platform.h`, which the
 * build supplies (see prelude.h): it is the one file to compile.
 */
export function emit(program: Program): Map<string, string> {
  const used = reachable(program);
  const modules = program.modules.flatMap((module): [string, string][] => {
    const text = emitModule(program, module, used);
    return text === null ? [] : [[`${module.name}.c`, text]];
  });
  return new Map([
    ['image.c', emitImage(modules.map(([path]) => path))],
    ['prelude.h', prelude()],
    ['constants.h', emitConstants(program)],
    ['layouts.h', emitLayouts(program)],
    ['prototypes.h', emitPrototypes(program, used)],
    ...modules,
  ]);
}

function emitImage(modules: readonly string[]): string {
  const headers = ['prelude.h', 'constants.h', 'layouts.h', 'platform.h', 'prototypes.h'];
  return `${[...headers, ...modules].map((path) => `#include "${path}"`).join('\n')}\n`;
}
