/** The C file of each module, and prototypes.h, which declares their functions to each other. */
import type { ConstantList, FunctionTable, Instance, Module, Program } from '../ir/nodes.js';
import { literal } from './arithmetic.js';
import { quoted } from './expressions.js';
import { emitFunction, emitPrototype } from './functions.js';
import { globalName } from '../ir/cNames.js';
import type { Reachable } from './reachable.js';
import type { Checks } from './scope.js';
import { cType, layoutType } from './types.js';

/** Declares everything that is emitted, so that the order of the modules does not matter. */
export function emitPrototypes(program: Program, used: Reachable, checks: Checks): string {
  const lines = program.modules.flatMap((module) => [
    ...module.instances.filter((one) => used.instances.has(one)).map((one) => `${instanceHead(one)};`),
    ...module.lists.filter((one) => used.lists.has(one)).map((one) => `${listHead(one)};`),
    ...module.functions
      .filter((fn) => used.functions.has(fn))
      .flatMap((fn) => [
        emitPrototype(fn, program.entries.includes(fn)),
        ...checks.beside(fn).map(({ prototype }) => prototype),
      ]),
    ...module.tables.filter((one) => used.tables.has(one)).map((one) => `${tableHead(one)};`),
  ]);
  return ['#pragma once', '', ...lines, ''].join('\n');
}

/** The file of one module; null where nothing of it is reached. */
export function emitModule(program: Program, module: Module, used: Reachable, checks: Checks): string | null {
  const data = [
    ...module.instances.filter((one) => used.instances.has(one)).map(emitInstance),
    ...module.lists.filter((one) => used.lists.has(one)).map(emitList),
    ...module.tables.filter((one) => used.tables.has(one)).map(emitTable),
  ];
  const functions = module.functions
    .filter((fn) => used.functions.has(fn))
    .flatMap((fn) => [
      ...checks.beside(fn).map(({ body }) => body),
      emitFunction(fn, program.entries.includes(fn), checks),
    ])
    .map((lines) => lines.join('\n'));
  const parts = [...data, ...functions];
  return parts.length > 0 ? `${[`/* From ${module.file}. */`, ...parts].join('\n\n')}\n` : null;
}

function instanceHead(instance: Instance): string {
  return `static ${layoutType(instance.layout)} ${globalName(instance)}`;
}

function emitInstance(instance: Instance): string {
  return `${instanceHead(instance)} __attribute__((aligned(${instance.align})));`;
}

function listHead(list: ConstantList): string {
  return `static const ${cType(list.type)} ${globalName(list)}[${list.values.length}]`;
}

function emitList(list: ConstantList): string {
  const values = list.values.map((value) =>
    typeof value === 'string' ? `  {${quoted(value)}, ${value.length}},` : `  ${literal(value).text},`,
  );
  return [`${listHead(list)} = {`, ...values, '};'].join('\n');
}

function tableHead(table: FunctionTable): string {
  const { fallback } = table;
  const parameters = fallback.parameters.map((parameter) => cType(parameter.type)).join(', ') || 'void';
  return `static ${cType(fallback.result)} (*const ${globalName(table)}[${table.length}])(${parameters})`;
}

function emitTable(table: FunctionTable): string {
  const entries = Array.from({ length: table.length }, (_, index) => {
    const fn = table.entries.get(index);
    return fn ? [`  [${index}] = ${globalName(fn)},`] : [];
  });
  return [`${tableHead(table)} = {`, ...rows(table, entries.flat()), '};'].join('\n');
}

/** The entries over a range of the fallback; gcc would warn of overriding, so the gaps are spelled out. */
function rows(table: FunctionTable, entries: readonly string[]): string[] {
  const gaps: string[] = [];
  let start = 0;
  const indices = [...table.entries.keys(), table.length].sort((a, b) => a - b);
  for (const index of indices) {
    if (index > start)
      gaps.push(`  [${start}${index - 1 > start ? ` ... ${index - 1}` : ''}] = ${globalName(table.fallback)},`);
    start = index + 1;
  }
  return [...entries, ...gaps];
}
