/** layouts.h: the program's layouts as packed C structs, with an assertion for each offset. */
import type { Program } from '../ir/nodes.js';
import type { Layout, StructLayout } from '../ir/types.js';
import { fieldName } from './names.js';
import { layoutTag, layoutType, storageType } from './types.js';

export function emitLayouts(program: Program): string {
  const done = new Set<string>();
  const lines = ['#pragma once', ''];
  const emit = (layout: Layout): void => {
    if (layout.kind === 'scalar' || done.has(layoutTag(layout))) return;
    done.add(layoutTag(layout));
    for (const below of partsOf(layout)) emit(below);
    lines.push(...definition(layout), '');
  };
  for (const module of program.modules) {
    for (const struct of module.structs) emit(struct);
    for (const { layout } of module.instances) emit(layout);
  }
  for (const layout of program.layouts) emit(layout);
  return lines.join('\n');
}

function partsOf(layout: Layout): Layout[] {
  if (layout.kind === 'array') return [layout.element];
  return layout.kind === 'struct' ? [...layout.fields.values()].map((field) => field.layout) : [];
}

function definition(layout: Exclude<Layout, { kind: 'scalar' }>): string[] {
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
