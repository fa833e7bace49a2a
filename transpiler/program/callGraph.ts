/** Which function calls which. */
import type { Location } from '../ir/location.js';
import type { Callee, Function, IntrinsicFunction, Program } from '../ir/nodes.js';
import { visitBody } from '../ir/walk.js';

/** A call in a function's body. */
export interface Call {
  readonly at: Location;
  readonly callee: Callee;
}

/** The calls in the body of a function, in the order of their text. */
export function callsIn(subject: Function): readonly Call[] {
  const calls: Call[] = [];
  visitBody(subject, (expression) => {
    if (expression.kind === 'call') calls.push({ at: expression.at, callee: expression.callee });
  });
  return calls;
}

/** The functions that a call can reach: of a table, any entry. None for an intrinsic. */
export function functionsOf(callee: Callee): readonly Function[] {
  switch (callee.kind) {
    case 'function':
      return [callee.function];
    case 'intrinsic':
      return [];
    case 'table':
      return [...new Set([callee.table.fallback, ...callee.table.entries.values()])];
  }
}

/** The intrinsics that a function calls itself. */
export function intrinsicsOf(subject: Function): ReadonlySet<IntrinsicFunction> {
  return new Set(callsIn(subject).flatMap(({ callee }) => (callee.kind === 'intrinsic' ? [callee.intrinsic] : [])));
}

/**
 * All functions of the program, each after the functions that it calls. In a circle of calls, which is reported elsewhere,
 * one function comes before a function that it calls.
 */
export function calleesFirst(program: Program): readonly Function[] {
  const ordered = new Set<Function>();
  const begun = new Set<Function>();
  const add = (subject: Function): void => {
    if (begun.has(subject)) return;
    begun.add(subject);
    for (const { callee } of callsIn(subject)) functionsOf(callee).forEach(add);
    ordered.add(subject);
  };
  for (const module of program.modules) module.functions.forEach(add);
  return [...ordered];
}
