/** The checks that need the whole program: no recursion, and promises kept. */
import type { Report } from '../diagnostics/diagnostic.js';
import type { Program } from '../ir/nodes.js';
import { checkEffects } from './effects.js';
import { checkRecursion } from './recursion.js';

/** Reports what is wrong with the program as a whole (TSV3xxx). */
export function checkProgram(program: Program, report: Report): void {
  checkRecursion(program, report);
  checkEffects(program, report);
}
