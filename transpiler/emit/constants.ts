/** constants.h: the program's constants, each asserted to be what C makes of its expression too. */
import type { Constant, Program } from '../ir/nodes.js';
import { literal } from './arithmetic.js';
import { quoted, textOf } from './expressions.js';
import { globalName } from '../ir/cNames.js';
import { newScope, NO_CHECKS } from './scope.js';

export function emitConstants(program: Program): string {
  const constants = program.modules.flatMap((module) => module.constants);
  return ['#pragma once', '', ...constants.flatMap(emitConstant), ''].join('\n');
}

function emitConstant(constant: Constant): string[] {
  const name = globalName(constant);
  const { value, expression } = constant;
  if (typeof value === 'string') return [`#define ${name} STRING(${quoted(value)})`];
  const source = expression?.kind === 'integer' ? expression.text : '';
  const text = typeof value === 'boolean' ? String(value) : literal(value, source).text;
  const definition = `#define ${name} ${text.startsWith('-') ? `(${text})` : text}`;
  if (!expression || expression.kind === 'integer' || expression.kind === 'boolean') return [definition];
  return [definition, `_Static_assert(${name} == (${textOf(newScope(NO_CHECKS), expression)}), "${constant.name}");`];
}
