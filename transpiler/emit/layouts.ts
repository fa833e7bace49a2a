/**
 * The program's layouts for other languages: layouts.h has them as packed C structs, with an assertion for each offset;
 * offsets.inc has the offsets of structs for NASM.
 */
import type { Program } from '../ir/nodes.js';
import type { Layout, StructLayout } from '../ir/types.js';
import { fieldName } from '../ir/cNames.js';
import { layoutTag, layoutType, storageType } from './types.js';

type Compound = Exclude<Layout, { kind: 'scalar' }>;

export function emitLayouts(program: Program): string {
  return ['#pragma once', '', ...compoundsOf(program).flatMap((layout) => [...definition(layout), ''])].join('\n');
}

/** The offset of each field as `STRUCT.FIELD`, from the start of its own struct, and each struct's size as `STRUCT_size`. */
export function emitOffsets(program: Program): string {
  const structs = compoundsOf(program).filter((layout) => layout.kind === 'struct');
  return structs.flatMap((struct) => [...offsetsOf(struct), '']).join('\n');
}

function offsetsOf({ name, fields, bytes }: StructLayout): string[] {
  const lines = [...fields].map(([field, { offset }]) => `${name}.${field} equ ${offset}`);
  return [...lines, `${name}_size equ ${bytes}`];
}

/** All layouts but scalars, each after those that it contains. */
function compoundsOf(program: Program): Compound[] {
  const found = new Map<string, Compound>();
  const add = (layout: Layout): void => {
    if (layout.kind === 'scalar' || found.has(layoutTag(layout))) return;
    for (const part of partsOf(layout)) add(part);
    found.set(layoutTag(layout), layout);
  };
  for (const module of program.modules) {
    for (const struct of module.structs) add(struct);
    for (const { layout } of module.instances) add(layout);
  }
  for (const layout of program.layouts) add(layout);
  return [...found.values()];
}

function partsOf(layout: Layout): Layout[] {
  if (layout.kind === 'array') return [layout.element];
  return layout.kind === 'struct' ? [...layout.fields.values()].map((field) => field.layout) : [];
}

function definition(layout: Compound): string[] {
  const head = `${storageType(layout)} {`;
  switch (layout.kind) {
    case 'array':
      return [head, `  ${layoutType(layout.element)} at[${layout.length}];`, '} LAYOUT;'];
    case 'bits':
      return [head, `  ${storageType(layout.base)} value;`, '} LAYOUT;'];
    case 'struct':
      return structDefinition(head, layout);
  }
}

function structDefinition(head: string, layout: StructLayout): string[] {
  const members: string[] = [];
  let end = 0;
  const fillTo = (offset: number): void => {
    if (offset > end) members.push(`  uint8_t unnamed_0x${end.toString(16)}[${offset - end}];`);
  };
  for (const [name, field] of layout.fields) {
    fillTo(field.offset);
    members.push(`  ${layoutType(field.layout)} ${fieldName(name)};`);
    end = field.offset + field.layout.bytes;
  }
  fillTo(layout.bytes);
  const type = storageType(layout);
  const offsets = [...layout.fields].map(
    ([name, { offset }]) =>
      `_Static_assert(offsetof(${type}, ${fieldName(name)}) == ${offset}, "${layout.name}.${name}");`,
  );
  return [
    head,
    ...members,
    '} LAYOUT;',
    ...offsets,
    `_Static_assert(sizeof(${type}) == ${layout.bytes}, "${layout.name}");`,
  ];
}
