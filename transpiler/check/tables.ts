/** Function tables: all entries have the fallback's parameters and result, in C as in TypeScript. */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import { cType } from '../emit/types.js';
import type { Function, FunctionTable, Program } from '../ir/nodes.js';
import type { Type } from '../ir/types.js';

export function checkTables(program: Program, report: Report): void {
  for (const table of program.modules.flatMap((module) => module.tables)) {
    for (const entry of new Set(table.entries.values())) {
      if (!haveOneSignature(entry, table.fallback)) refuse(table, entry, report);
    }
  }
}

function refuse({ name, fallback }: FunctionTable, entry: Function, report: Report): void {
  report({
    code: SUBSET.tableSignature.code,
    at: entry.at,
    message: `${entry.name} stands in the table ${name} with other parameters than ${fallback.name}`,
    known: [`${entry.name}: ${signatureOf(entry)}`, `${fallback.name}: ${signatureOf(fallback)}`],
    fixes: ['give all functions of a table the same parameters and result'],
  });
}

function haveOneSignature(a: Function, b: Function): boolean {
  return (
    a.parameters.length === b.parameters.length &&
    isSameType(a.result, b.result) &&
    a.parameters.every(({ type }, index) => isSameType(type, b.parameters[index]?.type ?? { kind: 'void' }))
  );
}

/** Whether two types are the same for C and for the prover: references by their layout, enums by their members. */
function isSameType(a: Type, b: Type): boolean {
  if (a.kind === 'reference' && b.kind === 'reference') return a.layout === b.layout;
  if (a.kind === 'integer' && b.kind === 'integer' && String(a.members) !== String(b.members)) return false;
  return cType(a) === cType(b);
}

function signatureOf({ parameters, result }: Function): string {
  return `(${parameters.map(({ type }) => spelled(type)).join(', ')}) => ${spelled(result)}`;
}

function spelled(type: Type): string {
  return type.kind === 'integer' && type.members !== null ? type.members.join(' | ') : cType(type);
}
