/** Says in words what is known. */
import type { IntegerName, IntegerType } from '../ir/types.js';
import { asOperand } from '../ir/spelling.js';
import { magnitude, type Linear } from './domain/linear.js';
import { U32 } from './domain/range.js';
import type { State } from './domain/state.js';

/** Longer facts are left out: a person would not read them. */
const MOST_FACTS = 4;

/** How programs write the name of a type. */
export function spell(type: IntegerType): string {
  if (type.name !== null) return spellName(type.name);
  return type.javascript === 'number' ? 'a number' : 'a bigint';
}

function spellName(name: IntegerName): string {
  return name.endsWith('a') ? `${name[0]?.toUpperCase()}${name.slice(1)}` : name;
}

/** One line for each symbol in `forms`, and one for each inequality that ties them to something. */
export function knownFacts(state: State, forms: readonly Linear[]): readonly string[] {
  const symbols = new Set(forms.flatMap(({ terms }) => terms.map(({ symbol }) => symbol)));
  const facts = [...new Set([...symbols].flatMap((symbol) => state.factsWith(symbol)))].filter(isWorthTelling(state));
  const foreign = ({ terms }: Linear): number => terms.filter(({ symbol }) => !symbols.has(symbol)).length;
  const shown = facts.sort((a, b) => foreign(a) - foreign(b)).slice(0, MOST_FACTS);
  const named = new Set([...symbols, ...shown.flatMap(({ terms }) => terms.map(({ symbol }) => symbol))]);
  return [
    ...[...named].sort((a, b) => a - b).map((symbol) => symbolLine(state, symbol)),
    ...shown.map((fact) => inequality(state, fact)),
  ];
}

/** Leaves out facts that only relate a variable to an earlier value of itself: they tell a reader nothing. */
function isWorthTelling(state: State): (fact: Linear) => boolean {
  return ({ terms }) => new Set(terms.map(({ symbol }) => state.symbols.get(symbol).name)).size === terms.length;
}

function symbolLine(state: State, symbol: number): string {
  const { name, type, origin, at } = state.symbols.get(symbol);
  const { low, high } = state.rangeOf(symbol);
  const range =
    low === high
      ? `${asOperand(name)} === ${decimal(low)}`
      : `${decimal(low)} <= ${asOperand(name)} <= ${decimal(high)}`;
  const typed = type === null ? range : `${name}: ${type}, ${range}`;
  return origin === null ? typed : `${typed}   (${at.file.slice(at.file.lastIndexOf('/') + 1)}:${at.line} ${origin})`;
}

/** `form <= 0`, with each term on the side where it is positive. */
export function inequality(state: State, { terms, constant }: Linear): string {
  const side = (isLeft: boolean): string[] =>
    terms
      .filter(({ factor }) => factor > 0n === isLeft)
      .map(({ symbol, factor }) => {
        const name = asOperand(state.symbols.get(symbol).name);
        return magnitude(factor) === 1n ? name : `${decimal(magnitude(factor))} * ${name}`;
      });
  const [left, right] = [side(true), side(false)];
  if (constant === 1n && left.length > 0) return `${left.join(' + ')} < ${right.join(' + ') || '0'}`;
  if (constant > 0n) left.push(decimal(constant));
  if (constant < 0n) right.push(decimal(-constant));
  return `${left.join(' + ') || '0'} <= ${right.join(' + ') || '0'}`;
}

/** A number as people read it: large ones in hexadecimal. */
function decimal(value: bigint): string {
  if (magnitude(value) <= U32.high) return String(value);
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
