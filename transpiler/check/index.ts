/** The rules of the subset that are easier to see in the typed program than in the syntax; one a file. */
import type { Report } from '../diagnostics/diagnostic.js';
import type { Program } from '../ir/nodes.js';
import { checkContracts } from './contracts.js';
import { checkLocals } from './locals.js';
import { checkLoops } from './loops.js';
import { checkNames } from './names.js';
import { checkStructResults } from './structResults.js';
import { checkTables } from './tables.js';
import { checkVolatile } from './volatile.js';

/** Reports what is outside the subset (TSV1xxx), beyond what the frontend refuses. */
export function checkSubset(program: Program, report: Report): void {
  checkNames(program, report);
  checkTables(program, report);
  checkLocals(program, report);
  checkContracts(program, report);
  for (const fn of program.modules.flatMap((module) => module.functions)) {
    checkLoops(fn, report);
    checkStructResults(fn, report);
    checkVolatile(fn, report);
  }
}
