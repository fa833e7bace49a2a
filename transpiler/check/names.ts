/** Names that C cannot take, and different names that would be the same in C. */
import { SUBSET } from '../diagnostics/subset.js';
import type { Report } from '../diagnostics/diagnostic.js';
import { fieldName, globalName } from '../ir/cNames.js';
import { prelude } from '../emit/prelude.js';
import type { Location } from '../ir/location.js';
import type { Module, Program } from '../ir/nodes.js';

interface Named {
  readonly name: string;
  readonly c: string;
  readonly at: Location;
}

/** What C's own headers, and the prelude's macros, declare. */
const RESERVED =
  /^_|^(u?int(_least|_fast)?\d+|u?int(ptr|max)|size|ptrdiff|wchar|max_align)_t$|^(U?INT|SIZE|PTRDIFF|WCHAR|WINT|SIG_ATOMIC)\w*_(MAX|MIN|C|WIDTH)$|^bytes_(read|write)\d+$/;

/** Refuses a second struct, function, constant, list, table or instance with the C name of a first, and what is no name in C. */
export function checkNames(program: Program, report: Report): void {
  const intrinsics = new Map(program.intrinsics.map(({ c, name }) => [c, name]));
  const ofPrelude = new Set(prelude().match(/\b[A-Za-z]\w*\b/g));
  const seen = new Map<string, Named>();
  const refuse = (code: { readonly code: string }, { at }: Named, message: string, fix: string): void => {
    report({ code: code.code, at, message, known: [], fixes: [fix] });
  };
  for (const named of program.modules.flatMap(globalsOf)) {
    const earlier = seen.get(named.c);
    const intrinsic = intrinsics.get(named.c);
    if (earlier) {
      const message = `${named.name} has the C name of ${earlier.name} at ${earlier.at.file}:${earlier.at.line}`;
      refuse(SUBSET.duplicateName, named, message, 'give it another name');
    } else if (!/^[A-Za-z]\w*[A-Za-z0-9]$/.test(named.c) || RESERVED.test(named.c) || ofPrelude.has(named.c)) {
      refuse(
        SUBSET.cName,
        named,
        `${named.name} would be ${named.c} in C, which C or the prelude takes`,
        'rename it, or its file',
      );
    } else if (intrinsic !== undefined) {
      refuse(
        SUBSET.duplicateName,
        named,
        `${named.name} has the C name of the intrinsic ${intrinsic}`,
        'give it another name',
      );
    }
    seen.set(named.c, earlier ?? named);
  }
  for (const named of program.modules.flatMap(tagsAndFieldsOf)) {
    const earlier = seen.get(named.c);
    if (!earlier) continue;
    const message = `${named.name} has the C name of ${earlier.name} at ${earlier.at.file}:${earlier.at.line}`;
    refuse(SUBSET.duplicateName, named, message, 'give it another name');
  }
  checkStructs(program, report);
  checkFiles(program, report);
}

function globalsOf({ functions, constants, lists, tables, instances }: Module): Named[] {
  return [...functions, ...constants, ...lists, ...tables, ...instances].map((one) => ({
    name: one.name,
    c: globalName(one),
    at: one.at,
  }));
}

/** Names that a macro of C would replace: structs and their fields. */
function tagsAndFieldsOf({ structs }: Module): Named[] {
  return structs.flatMap(({ name, at, fields }) => [
    { name, c: name, at },
    ...[...fields.keys()].map((field) => ({ name: `${name}.${field}`, c: fieldName(field), at })),
  ]);
}

function checkStructs(program: Program, report: Report): void {
  const seen = new Map<string, Location>();
  for (const { name, at } of program.modules.flatMap(({ structs }) => structs)) {
    const earlier = seen.get(name);
    if (earlier) {
      const message = `${name} has the C name of ${name} at ${earlier.file}:${earlier.line}`;
      report({ code: SUBSET.duplicateName.code, at, message, known: [], fixes: ['give it another name'] });
    }
    seen.set(name, earlier ?? at);
  }
}

/** File names stand in the C, in comments and `#line`. */
function checkFiles(program: Program, report: Report): void {
  for (const { file } of program.modules) {
    if (/^[\w./@+ -]+$/.test(file)) continue;
    report({
      code: SUBSET.cName.code,
      at: { file, line: 1, column: 1, length: 1 },
      message: `${JSON.stringify(file)} cannot stand in C`,
      known: [],
      fixes: ['name files and folders with letters, digits, -, _ and .'],
    });
  }
}
