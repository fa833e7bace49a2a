/** The fixes for a failed proof. A fix that is code is tried before it is proposed (attempts.ts). */
import type { Copy, Write } from '../diagnostics/diagnostic.js';
import type { Expression, Function, Statement, Variable } from '../ir/nodes.js';
import type { IntegerName } from '../ir/types.js';
import { expressionsOf, operandsOf, visitBody, visitStatements } from '../ir/walk.js';
import { both, cast, flows, stopUnless } from './fixes/build.js';
import type { Context } from './context.js';
import { compoundOf, placedIn, placeOf, type Place } from './fixes/place.js';
import type { Proposal, Trial } from './fixes/trial.js';

/** What is known of them goes with the expression. */
const FORGOTTEN: ReadonlySet<Expression['kind']> = new Set([
  'field',
  'element',
  'bits',
  'bytesRead',
  'call',
  'listGet',
  'charCode',
]);

const NOTHING: Trial = { instead: new Map(), before: new Map(), requires: [] };

/**
 * Guards that make one of the conditions known before `node` is evaluated. Where a guard alone does not help, what may change
 * before the next read or call is first kept in a const.
 */
export function guards(context: Context, node: Expression, ...conditions: readonly Expression[]): readonly Proposal[] {
  const place = placeOf(context.function, node);
  if (place === null || place.statement.kind === 'contract') return [];
  if (place.isInHead) return conditions.flatMap((condition) => guardInTest(place, condition));
  return [
    ...conditions.map((condition) => guard(place.statement, condition)),
    ...conditions.flatMap((condition) => guardOfCopies(context.function, place, node, condition)),
  ];
}

function guard(statement: Statement, condition: Expression): Proposal {
  return {
    words: `guard with  if (${condition.text}) { ... }`,
    change: { kind: 'guard', at: statement.at, condition: condition.text, copies: [], writes: [] },
    trial: { ...NOTHING, before: new Map([[statement, [stopUnless(condition)]]]) },
  };
}

/** `condition && test` as the test of the loop. */
function guardInTest({ statement }: Place, condition: Expression): readonly Proposal[] {
  if (statement.kind !== 'loop' || statement.test === null) return [];
  const { test } = statement;
  return [replacement(test.at, test, both(condition, { ...test }), 'test before:')];
}

/** The guard with a const for each integer in it that memory or a call gives. */
function guardOfCopies(
  subject: Function,
  { statement, isInHead }: Place,
  node: Expression,
  condition: Expression,
): readonly Proposal[] {
  const reads = [...new Set(readsIn(condition))];
  const names = new Map<string, Variable>();
  for (const { text, type, at, kind } of reads) {
    if (names.has(text)) continue;
    const name = freeName(subject, kind === 'field' || kind === 'bits' ? lastName(text) : 'value', names);
    names.set(text, { name, type, at, role: 'const' });
  }
  if (names.size === 0) return [];
  const copies: Copy[] = [];
  const before: Statement[] = [];
  const instead = new Map<Expression, Expression>();
  for (const read of reads) {
    const variable = names.get(read.text);
    if (variable === undefined) continue;
    const { at, type } = read;
    instead.set(read, { kind: 'variable', at, type, variable, text: variable.name });
    if (copies.some(({ name }) => name === variable.name)) continue;
    copies.push({ name: variable.name, value: read.text });
    before.push({ kind: 'declare', at, variable, value: { ...read } });
  }
  const renamed = (text: string): string =>
    copies.reduce((result, { name, value }) => result.replace(wholeWord(value), name), text);
  const text = renamed(condition.text);
  const compound = compoundOf({ statement, isInHead }, node);
  const writes: readonly Write[] = compound
    ? [{ at: compound.at, text: `${compound.target.text} = ${renamed(node.text)}` }]
    : reads.map((read) => ({ at: read.at, text: renamed(read.text) }));
  const declared = copies.map(({ name, value }) => `const ${name} = ${value};`).join(' ');
  const body = compound ? writes.map((write) => `${write.text};`).join(' ') : '...';
  return [
    {
      words: `${reasonOf(reads)}, so keep it:  ${declared} if (${text}) { ${body} }`,
      change: { kind: 'guard', at: statement.at, condition: text, copies, writes },
      trial: { ...NOTHING, instead, before: new Map([[statement, [...before, stopUnless(condition)]]]) },
    },
  ];
}

function reasonOf(reads: readonly Expression[]): string {
  return reads.some(({ kind }) => kind === 'call') ? 'the next call may return another value' : 'memory keeps no facts';
}

/** The outermost integers in `expression` that may differ the next time they are evaluated. */
function readsIn(expression: Expression): readonly Expression[] {
  if (expression.type.kind === 'integer' && FORGOTTEN.has(expression.kind)) return [expression];
  return operandsOf(expression).flatMap(readsIn);
}

function lastName(text: string): string {
  return /[A-Za-z_]\w*$/.exec(text)?.[0] ?? 'value';
}

/** `wanted`, or a longer name that the function does not use. */
function freeName(subject: Function, wanted: string, taken: ReadonlyMap<string, Variable>): string {
  const words = new Set([...taken.values()].map(({ name }) => name));
  visitStatements(subject.body, (statement) => {
    if (statement.kind === 'declare') words.add(statement.variable.name);
    for (const { text } of expressionsOf(statement)) addNames(text, words);
  });
  visitBody(subject, ({ text }) => {
    addNames(text, words);
  });
  for (const { name } of subject.parameters) words.add(name);
  let name = wanted;
  while (words.has(name)) name = `${name}Now`;
  return name;
}

function addNames(text: string, names: Set<string>): void {
  for (const [name] of text.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*/g)) names.add(name);
}

function wholeWord(text: string): RegExp {
  return new RegExp(`(?<![\\w$.])${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`, 'g');
}

/** `by` in place of `node`; `when` says in which case that is meant. */
export function write(context: Context, node: Expression, by: Expression, when = ''): readonly Proposal[] {
  const place = placeOf(context.function, node);
  if (place === null || !flows(by.type, placedIn(context.function, node))) return [];
  const compound = compoundOf(place, node);
  const words = when === '' ? 'write' : `${when}, write`;
  if (compound === null) return [replacement(node.at, node, by, words)];
  return [replacement(compound.at, node, { ...by, text: `${compound.target.text} = ${by.text}` }, words)];
}

function replacement(at: Write['at'], node: Expression, by: Expression, words: string): Proposal {
  return {
    words: `${words}  ${by.text}`,
    change: { kind: 'write', at, text: by.text },
    trial: { ...NOTHING, instead: new Map([[node, by]]) },
  };
}

/** `node` cast to the type of its place, or to `name` if that type is not known. Operators below a cast may wrap around. */
export function wrap(context: Context, node: Expression, name: IntegerName, when = ''): readonly Proposal[] {
  const wanted = placedIn(context.function, node);
  const to = wanted?.kind === 'integer' ? (wanted.name ?? name) : name;
  return write(context, node, cast(to, node), when);
}

/** The condition as a `requires`, if it uses nothing but parameters. */
export function requirement({ function: { parameters } }: Context, condition: Expression): readonly Proposal[] {
  if (!speaksOf(parameters, condition)) return [];
  return [
    {
      words: `or  requires(${condition.text}), which each caller then proves`,
      change: { kind: 'requires', condition: condition.text },
      trial: { ...NOTHING, requires: [condition] },
    },
  ];
}

function speaksOf(parameters: readonly Variable[], expression: Expression): boolean {
  switch (expression.kind) {
    case 'variable':
      return parameters.includes(expression.variable);
    case 'integer':
    case 'constant':
    case 'binary':
    case 'compare':
    case 'logical':
    case 'bytesLength':
    case 'stringLength':
      return operandsOf(expression).every((operand) => speaksOf(parameters, operand));
    default:
      return false;
  }
}
