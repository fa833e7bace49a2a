/** Function tables: all entries have the fallback's parameters and result, in C as in TypeScript. */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import { cType } from '../emit/types.js';
import type { Function, Program } from '../ir/nodes.js';

export function checkTables(program: Program, report: Report): void {
  for (const table of program.modules.flatMap((module) => module.tables)) {
    const wanted = signatureOf(table.fallback);
    for (const entry of new Set(table.entries.values())) {
      const found = signatureOf(entry);
      if (found === wanted) continue;
      report({
        code: SUBSET.tableSignature.code,
        at: entry.at,
        message: `${entry.name} stands in the table ${table.name} with other parameters than ${table.fallback.name}`,
        known: [`${entry.name}: ${found}`, `${table.fallback.name}: ${wanted}`],
        fixes: ['give all functions of a table the same parameters and result'],
      });
    }
  }
}

function signatureOf({ parameters, result }: Function): string {
  const types = parameters.map(({ type }) => cType(type)).join(', ');
  return `(${types}) => ${cType(result)}`;
}
