/**
 * Order of evaluation. JavaScript evaluates operands from left to right, C in any order. Where
 * that can be told apart, operands are put into constants first, one after the other.
 */
import { effectOf } from '../ir/evaluation.js';
import type { Expression } from '../ir/nodes.js';

/** The operands to put into constants before the rest is evaluated, in order; mostly none. */
export function operandsToFix(operands: readonly Expression[]): readonly Expression[] {
  const effects = operands.map(effectOf);
  const matters = effects.some(
    (effect, index) => effect === 'acts' && effects.some((other, at) => at !== index && other !== 'none'),
  );
  if (!matters) return [];
  const last = effects.findLastIndex((effect) => effect !== 'none');
  return operands.filter((_, index) => effects[index] !== 'none' && index < last);
}

/** The operands up to the last that acts: each is evaluated once, in order, however often the C needs its value. */
export function operandsThatAct(operands: readonly Expression[]): readonly Expression[] {
  const effects = operands.map(effectOf);
  const last = effects.lastIndexOf('acts');
  return operands.filter((_, index) => effects[index] !== 'none' && index <= last);
}
