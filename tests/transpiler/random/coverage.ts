/**
 * Which parts of the language a program uses. This is counted in the typed program that the frontend makes, not in what a
 * generator claims. The rows are in rows.ts.
 */
import type { Function, Module, Program } from '../../../transpiler/ir/nodes.js';
import type { Layout } from '../../../transpiler/ir/types.js';
import { expressionsOf, visitExpressions, visitStatements } from '../../../transpiler/ir/walk.js';
import { ALL_ROWS, expressionRows, layoutRows, statementRows, typeRow } from './rows.js';

export type Coverage = ReadonlyMap<string, number>;

/** How often `program` uses each row. */
export function coverageOf(program: Program): Coverage {
  const counts = new Map<string, number>(ALL_ROWS.map((row) => [row, 0]));
  const count = (row: string): void => {
    const before = counts.get(row);
    if (before === undefined) throw new RangeError(`${row} is no row of the table`);
    counts.set(row, before + 1);
  };
  for (const module of program.modules) {
    moduleRows(module).forEach(count);
    for (const subject of module.functions) visitFunction(subject, count);
  }
  layoutsOf(program).flatMap(layoutRows).forEach(count);
  return counts;
}

/** The rows that `coverage` has nothing of. */
export function missingFrom(coverage: Coverage): readonly string[] {
  return [...coverage].filter(([, times]) => times === 0).map(([row]) => row);
}

function visitFunction(subject: Function, count: (row: string) => void): void {
  for (const { type } of subject.parameters) count(`parameter of type ${typeRow(type)}`);
  count(`result of type ${typeRow(subject.result)}`);
  const visit = (expression: Parameters<typeof expressionRows>[0]): void => expressionRows(expression).forEach(count);
  for (const condition of subject.requires) {
    count('contract requires');
    visitExpressions(condition, visit);
  }
  visitStatements(subject.body, (statement) => {
    statementRows(statement).forEach(count);
    for (const expression of expressionsOf(statement)) visitExpressions(expression, visit);
  });
}

function moduleRows({ constants, lists, tables, instances }: Module): readonly string[] {
  return [
    ...constants.map(({ type }) => `constant of type ${typeRow(type)}`),
    ...lists.map(({ type }) => `list of type ${typeRow(type)}`),
    ...tables.map(() => 'table'),
    ...instances.map(({ layout }) => `instance of a ${layout.kind}`),
  ];
}

/** The layouts of a program, each once, the parts of each among them. */
function layoutsOf({ modules, layouts }: Program): readonly Layout[] {
  const found = new Set<Layout>();
  const visit = (layout: Layout): void => {
    if (found.has(layout)) return;
    found.add(layout);
    if (layout.kind === 'array') visit(layout.element);
    if (layout.kind === 'struct') for (const field of layout.fields.values()) visit(field.layout);
  };
  for (const { structs, instances } of modules) [...structs, ...instances.map(({ layout }) => layout)].forEach(visit);
  layouts.forEach(visit);
  return [...found];
}
