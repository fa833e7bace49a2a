/** From the checked program to C. */
import type { Program } from '../ir/nodes.js';
import type { Obligations } from '../ir/obligations.js';
import { ObligationChecks } from './checks.js';
import { emitConstants } from './constants.js';
import { emitLayouts, emitOffsets } from './layouts.js';
import { emitModule, emitPrototypes } from './modules.js';
import { checksHeader, prelude } from './prelude.js';
import { reachable } from './reachable.js';
import { type Checks, NO_CHECKS } from './scope.js';

/**
 * The C files of `program`, by path. `image.c` includes all others and `platform.h`, which the
 * build supplies (see prelude.h): it is the one file to compile. `offsets.inc` is for assembly.
 */
export function emit(program: Program): Map<string, string> {
  return emitFiles(program, NO_CHECKS, ['platform.h']);
}

/** The C files of `program` with a check of each obligation. The build also supplies `platformChecks.h` (see checks.h). */
export function emitChecked(program: Program, obligations: Obligations): Map<string, string> {
  const files = emitFiles(program, new ObligationChecks(obligations), ['checks.h', 'platform.h', 'platformChecks.h']);
  return files.set('checks.h', checksHeader());
}

function emitFiles(program: Program, checks: Checks, platform: readonly string[]): Map<string, string> {
  const used = reachable(program, checks);
  const modules = program.modules.flatMap((module): [string, string][] => {
    const text = emitModule(program, module, used, checks);
    return text === null ? [] : [[`${module.name}.c`, text]];
  });
  const headers = ['prelude.h', 'constants.h', 'layouts.h', ...platform, 'prototypes.h'];
  return new Map([
    ['image.c', emitImage([...headers, ...modules.map(([path]) => path)])],
    ['prelude.h', prelude()],
    ['constants.h', emitConstants(program)],
    ['layouts.h', emitLayouts(program)],
    ['offsets.inc', emitOffsets(program)],
    ['prototypes.h', emitPrototypes(program, used, checks)],
    ...modules,
  ]);
}

function emitImage(included: readonly string[]): string {
  return `${included.map((path) => `#include "${path}"`).join('\n')}\n`;
}
