/** How things of the program are called in C. */
import type { Module, Variable } from '../ir/nodes.js';

/** Words that C or the prelude takes; a variable with such a name gets a `_`. */
const TAKEN: ReadonlySet<string> = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long ' +
    'register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while ' +
    'asm typeof bool true false NULL String Bytes STRING NO_BYTES LAYOUT UNUSED'
  ).split(' '),
);

/** Names that the emitter makes. */
const MADE = /^operand\d+$|_storage$|^unnamed_/;

/** A module-level name: `exits_cpuid_onCpuid`. */
export function globalName({ module, name }: { readonly module: Module; readonly name: string }): string {
  return `${module.name}/${name}`.replace(/\W/g, '_');
}

/** A local or parameter. */
export function localName({ name }: Pick<Variable, 'name'>): string {
  return fieldName(name);
}

/** A field of a struct. */
export function fieldName(name: string): string {
  return TAKEN.has(name) || MADE.test(name) ? `${name}_` : name.replace(/\$/g, '_');
}
