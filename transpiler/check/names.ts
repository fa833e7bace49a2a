/** Names that would be one in C. */
import { SUBSET } from '../diagnostics/subset.js';
import type { Report } from '../diagnostics/diagnostic.js';
import { globalName } from '../emit/names.js';
import type { Location } from '../ir/location.js';
import type { Module, Program } from '../ir/nodes.js';

interface Named {
  readonly name: string;
  readonly c: string;
  readonly at: Location;
}

/** Refuses a second struct, function, constant, list, table or instance with the C name of a first. */
export function checkNames(program: Program, report: Report): void {
  const seen = new Map<string, Named>();
  for (const named of program.modules.flatMap(namesOf)) {
    const earlier = seen.get(named.c);
    if (earlier) {
      const message = `${named.name} has the C name of ${earlier.name} at ${earlier.at.file}:${earlier.at.line}`;
      report({ code: SUBSET.duplicateName.code, at: named.at, message, known: [], fixes: ['give it another name'] });
    }
    seen.set(named.c, earlier ?? named);
  }
}

function namesOf(module: Module): Named[] {
  const { functions, constants, lists, tables, instances, structs } = module;
  return [
    ...structs.map(({ name, at }) => ({ name, c: `struct ${name}`, at })),
    ...[...functions, ...constants, ...lists, ...tables, ...instances].map((one) => ({
      name: one.name,
      c: globalName(one),
      at: one.at,
    })),
  ];
}
