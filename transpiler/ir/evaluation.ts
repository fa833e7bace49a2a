/** What evaluating an expression does, beyond giving its value. */
import type { Expression } from './nodes.js';
import { reachesVolatile } from './volatile.js';
import { operandsOf } from './walk.js';

/** `reads`: it reads memory. `acts`: its place in the order of evaluation matters, and how often it is evaluated. */
export type Effect = 'none' | 'reads' | 'acts';

const known = new WeakMap<Expression, Effect>();

export function effectOf(expression: Expression): Effect {
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
