/** The symbols that stand for variables. */
import type { Variable } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import type { Context } from './context.js';
import { UNKNOWN } from './domain/formula.js';
import { ofSymbol } from './domain/linear.js';
import { numbersOf } from './domain/range.js';

/** What messages call the number that stands for a variable: of Bytes and strings, that is the length. */
export function nameOf({ name, type }: Variable): string {
  return type.kind === 'integer' ? name : `${name}.length`;
}

/** Gives the variable a value of which only the type is known. */
export function forget(context: Context, variable: Variable): void {
  const { type } = variable;
  if (type.kind === 'boolean') context.state.booleans.set(variable, UNKNOWN);
  const range = numbersOf(type);
  if (range !== null) context.state.integers.set(variable, ofSymbol(newSymbol(context, variable, range)));
}

function newSymbol(context: Context, variable: Variable, range: Range): number {
  const type = variable.type.kind === 'integer' ? variable.type.name : null;
  return context.symbols.create(nameOf(variable), range, variable.at, type);
}
