/**
 * Order of evaluation. JavaScript evaluates operands from left to right, C in any order. Where
 * that can be told apart, operands are put into constants first, one after the other.
 */
import type { Expression } from '../ir/nodes.js';
import { reachesVolatile } from '../ir/volatile.js';
import { operandsOf } from '../ir/walk.js';

/** What evaluating an expression does: nothing; it looks at memory; its order among others counts. */
type Effect = 'none' | 'reads' | 'acts';

const known = new WeakMap<Expression, Effect>();

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

function effectOf(expression: Expression): Effect {
  const cached = known.get(expression);
  if (cached !== undefined) return cached;
  const effects = [ownEffect(expression), ...operandsOf(expression).map(effectOf)];
  const effect = effects.includes('acts') ? 'acts' : effects.includes('reads') ? 'reads' : 'none';
  known.set(expression, effect);
  return effect;
}

function ownEffect(expression: Expression): Effect {
  switch (expression.kind) {
    case 'call':
    case 'bytesRead':
      return 'acts';
    case 'field':
    case 'element':
    case 'bits':
      if (expression.type.kind === 'reference') return 'none';
      return reachesVolatile(expression) ? 'acts' : 'reads';
    default:
      return 'none';
  }
}
