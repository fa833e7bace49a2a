/**
 * Names in C: two different things of a program never get the same name.
 *
 * Names of modules' declarations have a `_` inside and none at their end (check/names.ts). Names of locals have no `_`, unless
 * they had to be spelled another way: then they end in one. So none of them hides another, a macro, or a type of C.
 */
import type { Module, Variable } from './nodes.js';

/** Words that C or the prelude takes. */
const TAKEN: ReadonlySet<string> = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long ' +
    'register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while ' +
    'asm typeof bool true false NULL offsetof String Bytes STRING LAYOUT UNUSED BYTES'
  ).split(' '),
);

/** Names that the emitter makes. */
const MADE = /^operand\d+$|^unnamed_/;

/** A module-level name: `exits_cpuid_onCpuid`. */
export function globalName({ module, name }: { readonly module: Module; readonly name: string }): string {
  return `${module.name}/${name}`.replace(/\W/g, '_');
}

/** A local or parameter. */
export function localName({ name }: Pick<Variable, 'name'>): string {
  return /^([A-Za-z]|_[a-z])[A-Za-z0-9]*$/.test(name) && !TAKEN.has(name) && !MADE.test(name) ? name : respelled(name);
}

/** The memory of a local struct. */
export function storageName(variable: Pick<Variable, 'name'>): string {
  return `${localName(variable)}_storage_`;
}

/** A field of a struct. */
export function fieldName(name: string): string {
  const isPlain = /^[A-Za-z_]\w*$/.test(name) && !name.endsWith('_');
  return isPlain && !TAKEN.has(name) && !MADE.test(name) ? name : respelled(name);
}

/** `name` with a number for each character that is no letter and no digit, and a `_` at the end. Different names stay different. */
function respelled(name: string): string {
  return `${name.replace(/[^A-Za-z0-9]/g, (character) => `_${character.charCodeAt(0).toString(16)}_`)}_`;
}
