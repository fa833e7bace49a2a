/** Makes the C driver of an emitted program, which runs cases: a `switch` over the functions. */
import { fieldName, globalName, localName } from '../../../transpiler/ir/cNames.js';
import { cType, storageType } from '../../../transpiler/emit/types.js';
import { integerName, rangeOfName } from '../../../transpiler/ir/integers.js';
import type { Function, Instance, IntrinsicFunction } from '../../../transpiler/ir/nodes.js';
import type { IntegerType, Type } from '../../../transpiler/ir/types.js';
import { scalarType } from './nodeRun.js';

/** The source of a program that reads cases and prints their outcomes, in the form of platform.h and case.ts. */
export function driverSource(functions: readonly Function[], instances: readonly Instance[]): string {
  return `#include "image.c"

static void choose_instance(uint64_t index) {
  switch (index) {
${instances.map((one, index) => `    case ${index}: input_region((uint8_t *)&${globalName(one)}, sizeof ${globalName(one)}); break;`).join('\n')}
    default: input_region(NULL, 0);
  }
}

static void choose_function(uint64_t index) {
  switch (index) {
${functions.map((tested, index) => `    case ${index}: {\n${callSource(tested)}\n      break;\n    }`).join('\n')}
    default: platform_broken("no such function");
  }
}

int main(void) {
  uint64_t function;
  while (input_word(&function)) {
    answersTaken = calls = 0;
    answerCount = (unsigned)input_u64();
    for (unsigned i = 0; i < answerCount; i++) answers[i] = input_u64();
    for (uint64_t left = input_u64(); left > 0; left--) choose_instance(input_u64());
    if (setjmp(ending) == 0) choose_function(function);
    show_changes();
    puts(".");
    fflush(stdout);
    forget_regions();
  }
  return 0;
}
`;
}

function callSource(tested: Function): string {
  const reads = tested.parameters.map(({ type }, index) => `      ${inputOf(type, `a${index}`)}`);
  const call = `${globalName(tested)}(${tested.parameters.map((_, index) => `a${index}`).join(', ')})`;
  return [...reads, ...resultSource(tested.result, call)].join('\n');
}

function inputOf(type: Type, name: string): string {
  switch (type.kind) {
    case 'integer':
      return `${cType(type)} ${name} = (${cType(type)})input_u64();`;
    case 'boolean':
      return `bool ${name} = input_u64() != 0;`;
    case 'string':
      return `String ${name} = input_string();`;
    case 'reference':
      return `void *${name} = input_reference();`;
    case 'bytes':
      return `Bytes ${name} = input_window();`;
    default:
      throw new TypeError(`no argument has the type ${type.kind}`);
  }
}

function resultSource(type: Type, call: string): string[] {
  const lines = {
    never: [`${call};`],
    void: [`${call};`, 'puts("= nothing");'],
    other: [`${cType(type)} result = ${call};`, 'fputs("= ", stdout);', showing(type, 'result'), 'putchar(10);'],
  };
  const chosen = type.kind === 'never' || type.kind === 'void' ? lines[type.kind] : lines.other;
  return chosen.map((line) => `      ${line}`);
}

function showing(type: Type, value: string): string {
  if (type.kind === 'integer') return `${isSigned(type) ? 'show_signed' : 'show_unsigned'}(${value});`;
  return `show_${type.kind}(${value});`;
}

function isSigned(type: IntegerType): boolean {
  return rangeOfName(integerName(type)).low < 0n;
}

/** The header that implements the intrinsics as recorded calls, in the form that prelude.h requires. */
export function intrinsicsHeader(intrinsics: readonly IntrinsicFunction[]): string {
  return intrinsics.map(intrinsicSource).join('\n');
}

function intrinsicSource({ name, c, parameters, result }: IntrinsicFunction): string {
  const list = parameters.map((parameter) => `${cType(parameter.type)} ${localName(parameter)}`).join(', ') || 'void';
  const shown = parameters.flatMap((parameter, index) => [
    ...(index > 0 ? ['fputs(", ", stdout);'] : []),
    showing(parameter.type, localName(parameter)),
  ]);
  const returned = result.kind === 'reference' ? storageType(result.layout) : cType(result);
  const lines = ['platform_called();', `fputs("${name}(", stdout);`, ...shown, 'puts(")");', ...answering(result)];
  const kind = result.kind === 'never' ? '_Noreturn ' : '';
  return `static inline UNUSED ${kind}${returned} ${c}(${list}) {\n${lines.map((line) => `  ${line}`).join('\n')}\n}\n`;
}

function answering(result: Type): string[] {
  switch (result.kind) {
    case 'void':
      return [];
    case 'never':
      return ['platform_halt();'];
    case 'boolean':
      return ['return (platform_answer() & 1) != 0;'];
    case 'integer':
      return [`return (${cType(result)})platform_answer();`];
    case 'reference': {
      const fields = result.layout.kind === 'struct' ? [...result.layout.fields] : [];
      const stores = fields.map(([field, { layout }]) => {
        if (layout.kind !== 'scalar') throw new TypeError(`${field} of a result is no scalar`);
        const type = scalarType(layout.name);
        const answer = type.kind === 'boolean' ? '(platform_answer() & 1) != 0' : `(${cType(type)})platform_answer()`;
        return `result.${fieldName(field)} = ${answer};`;
      });
      return [`${storageType(result.layout)} result = {0};`, ...stores, 'return result;'];
    }
    default:
      throw new TypeError(`no intrinsic returns ${result.kind}`);
  }
}
