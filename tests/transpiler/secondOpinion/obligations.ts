/**
 * Records what the prover takes as proved while it works: each obligation with what is known at that point, and each
 * inequality that it takes for the meaning of an operator.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Range } from '../../../transpiler/ir/types.js';
import type { Context } from '../../../transpiler/prove/context.js';
import { atMost, formsOf, inside, type Formula } from '../../../transpiler/prove/domain/formula.js';
import type { Linear } from '../../../transpiler/prove/domain/linear.js';
import type { Meaning } from '../../../transpiler/prove/domain/meaning.js';
import type { State } from '../../../transpiler/prove/domain/state.js';

export interface Obligation {
  /** Its place and its subject. */
  readonly name: string;
  /** The values that the symbols can have at all. */
  readonly ranges: ReadonlyMap<number, Range>;
  /** Each `<= 0`. */
  readonly facts: readonly Linear[];
  /** The keys of forms that are not 0. */
  readonly differences: readonly string[];
  /** A value that is the result of an operator, by the key of its meaning. */
  readonly meaning: { readonly key: string; readonly value: Linear } | null;
  readonly goal: Formula;
}

type Prototype = Pick<Context, 'prove' | 'derive'>;

/** Runs `action` with the prover of the compiled transpiler in `folder`, and returns what it took as proved. */
export async function obligationsOf(folder: string, action: () => void): Promise<Obligation[]> {
  const url = pathToFileURL(join(folder, 'prove/context.js')).href;
  const { Context: patched } = (await import(url)) as { Context: { prototype: Prototype } };
  const { prototype } = patched;
  const { prove, derive } = prototype;
  const found: Obligation[] = [];
  prototype.prove = function (this: Context, goal, claims, failure) {
    const before = this.state.copy();
    const isProved = prove.call(this, goal, claims, failure);
    if (isProved && this.reporting && !before.impossible)
      found.push(obligation(before, `${this.function.name}: a proof`, goal, null));
    return isProved;
  };
  prototype.derive = function (this: Context, meaning: Meaning, from, range, facts) {
    const before = this.state.copy();
    let forms: readonly Linear[] = [];
    let isNew = false;
    const value = derive.call(this, meaning, from, range, (symbol) => {
      isNew = true;
      forms = facts(symbol);
      return forms;
    });
    if (isNew && this.reporting && !before.impossible) {
      const goal: Formula = { kind: 'all', parts: [inside(value, range), ...forms.map(atMost)] };
      const operands = operandsOf(meaning.key);
      found.push(
        obligation(before, `${this.function.name}: ${from.text}`, goal, { key: meaning.key, value }, operands),
      );
    }
    return value;
  };
  try {
    action();
  } finally {
    Object.assign(prototype, { prove, derive });
  }
  return found;
}

/** The operands in the key of a meaning: `* (0,1*1; 3)`. */
export function operandsOf(key: string): readonly Linear[] {
  const inside = key.slice(key.indexOf('(') + 1, -1);
  return inside.split('; ').map(formOf);
}

/** The form of a key: its constant, and each symbol with its factor. */
export function formOf(key: string): Linear {
  const [constant = '0', ...terms] = key.split(',');
  return {
    constant: BigInt(constant),
    terms: terms.map((term) => {
      const [symbol, factor] = term.split('*');
      return { symbol: Number(symbol), factor: BigInt(factor ?? 1) };
    }),
  };
}

/** What is known of the symbols of the goal, and of those that facts tie to them. */
function obligation(
  state: State,
  name: string,
  goal: Formula,
  meaning: Obligation['meaning'],
  operands: readonly Linear[] = [],
): Obligation {
  const facts = new Set<Linear>();
  const differences = [...state.differencesWith(state)].filter((key) => key !== '0');
  const symbols = new Set<number>();
  const waiting = [...formsOf(goal), ...operands].flatMap(({ terms }) => terms.map(({ symbol }) => symbol));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (symbols.has(next)) continue;
    symbols.add(next);
    for (const fact of state.factsWith(next)) {
      facts.add(fact);
      waiting.push(...fact.terms.map(({ symbol }) => symbol));
    }
  }
  const known = differences.filter((key) => formOf(key).terms.every(({ symbol }) => symbols.has(symbol)));
  // A value that the state does not know yet may have any value until its meaning says which.
  const given = meaning === null ? [] : meaning.value.terms.map(({ symbol }) => symbol);
  const ranges = new Map([...symbols].filter((one) => !given.includes(one)).map((one) => [one, state.rangeOf(one)]));
  return { name, ranges, facts: [...facts], differences: known, meaning, goal };
}
