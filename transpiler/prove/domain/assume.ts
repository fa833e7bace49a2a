/** Formulas against states: what follows, and what is known once one is true. */
import { bothSides, eitherSide, negate, type Formula } from './formula.js';
import { join } from './join.js';
import type { State } from './state.js';

/** A new state: what `state` knows and that `formula` is true. */
export function assume(state: State, formula: Formula): State {
  switch (formula.kind) {
    case 'atMost': {
      const result = state.copy();
      result.learn(formula.form);
      return result;
    }
    case 'equal': {
      const result = bothSides(formula.form).reduce(assume, state);
      if (state.isKnownToDiffer(formula.form)) result.impossible = true;
      return result;
    }
    case 'differs': {
      const result = assume(state, { kind: 'any', parts: eitherSide(formula.form) });
      result.noteDifference(formula.form);
      return result;
    }
    case 'given': {
      const result = state.copy();
      for (const fact of formula.facts) result.define(fact);
      return assume(result, formula.then);
    }
    case 'all':
      return formula.parts.reduce(assume, state.copy());
    case 'any': {
      const [first, ...others] = formula.parts.map((part) => assume(state, part));
      if (first === undefined) return impossible(state);
      return others.reduce(join, first);
    }
    case 'unknown':
      return state.copy();
  }
}

function impossible(state: State): State {
  const result = state.copy();
  result.impossible = true;
  return result;
}

/** Whether `formula` can be proved. */
export function entails(state: State, formula: Formula): boolean {
  switch (formula.kind) {
    case 'atMost':
      return state.proves(formula.form);
    case 'equal':
      return bothSides(formula.form).every((part) => entails(state, part));
    case 'differs':
      return state.isKnownToDiffer(formula.form) || entails(state, { kind: 'any', parts: eitherSide(formula.form) });
    case 'given': {
      const defined = state.copy();
      for (const fact of formula.facts) defined.define(fact);
      return entails(defined, formula.then);
    }
    case 'all':
      return formula.parts.every((part) => entails(state, part));
    case 'any': {
      const [first, ...others] = formula.parts;
      if (first === undefined || state.impossible) return state.impossible;
      if (entails(state, first)) return true;
      return others.length > 0 && entails(assume(state, negate(first)), { kind: 'any', parts: others });
    }
    case 'unknown':
      return state.impossible;
  }
}
