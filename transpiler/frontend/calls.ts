/** Calls: of the program's functions, of intrinsics, of tables, of the library, of methods. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { BuiltinName, Callee, Expression, FunctionTable, Variable } from '../ir/nodes.js';
import type { IntegerName, Type } from '../ir/types.js';
import { all, attempt, type Context, refuse, refuseSilently, textOf } from './context.js';
import { PLATFORM_FUNCTIONS } from './intrinsics.js';
import { layoutOf } from './layouts.js';
import { typeInMemory } from './members.js';
import { placed, valueFor } from './placing.js';
import { integerType } from './types.js';

const CASTS: ReadonlySet<string> = new Set(['u8', 'u16', 'u32', 'i32', 'u64', 'i64', 'gpa', 'hpa', 'gva', 'hva']);

const BUILTINS: Readonly<Record<BuiltinName, IntegerName>> = {
  mul32: 'u32',
  addSat32: 'u32',
  min32: 'u32',
  addSat64: 'u64',
  subSat64: 'u64',
  min64: 'u64',
};

/** Widths of the accesses of Bytes, by method. */
const READS: Readonly<Record<string, 1 | 2 | 4 | 8>> = { u8: 1, u16: 2, u32: 4, u64: 8 };
export const WRITES: Readonly<Record<string, 1 | 2 | 4 | 8>> = { setU8: 1, setU16: 2, setU32: 4, setU64: 8 };

/** The expression that the call at `node` is. */
export function callExpression(context: Context, node: ts.CallExpression): Expression {
  const callee = node.expression;
  if (node.questionDotToken || callee.kind === ts.SyntaxKind.SuperKeyword)
    return refuse(context, node, SUBSET.expression, 'the language has no such call');
  if (ts.isIdentifier(callee)) return namedCall(context, node, callee);
  if (ts.isCallExpression(callee)) return tableCall(context, node, callee);
  if (ts.isPropertyAccessExpression(callee)) return methodCall(context, node, callee);
  return refuse(context, callee, SUBSET.functionValue, `${textOf(callee)} is not a function of the program`);
}

/** What `callee` gives for the call at `node`. Where that is refused, the arguments are looked at all the same. */
function calledIn<T>(context: Context, node: ts.CallExpression, callee: () => T): T {
  const found = attempt(context, () => ({ value: callee() }));
  if (found !== null) return found.value;
  all(context, ...node.arguments.map((argument) => () => context.lower.expression(argument)));
  return refuseSilently();
}

function namedCall(context: Context, node: ts.CallExpression, name: ts.Identifier): Expression {
  const entity = calledIn(context, node, () => context.entity(name));
  switch (entity.kind) {
    case 'function': {
      const { parameters, result } = entity.function;
      return call(context, node, { kind: 'function', function: entity.function }, parameters, result);
    }
    case 'intrinsic': {
      const { parameters, result } = entity.intrinsic;
      return call(context, node, { kind: 'intrinsic', intrinsic: entity.intrinsic }, parameters, result);
    }
    case 'library':
      return libraryCall(context, node, entity.name);
    default:
      return refuse(
        context,
        name,
        SUBSET.functionValue,
        `${name.text} is not a function`,
        'a function value lives in a table: handlers.get(index)(...)',
      );
  }
}

function tableCall(context: Context, node: ts.CallExpression, getter: ts.CallExpression): Expression {
  const access = getter.expression;
  const table =
    ts.isPropertyAccessExpression(access) && access.name.text === 'get' && ts.isIdentifier(access.expression)
      ? context.entity(access.expression)
      : null;
  const [index] = getter.arguments;
  if (table?.kind !== 'table' || !index)
    return refuse(
      context,
      getter,
      SUBSET.functionValue,
      `${textOf(getter)} is not a function`,
      'call handlers.get(index)(...)',
    );
  const { parameters } = table.table.fallback;
  if (parameters.length !== node.arguments.length)
    refuse(
      context,
      node,
      SUBSET.tableSignature,
      `the functions of ${table.table.name} have ${parameters.length} parameters, and get ${node.arguments.length} values`,
      'give them the parameters that the type of the table names',
    );
  const [lowered, operands] = all(
    context,
    () => context.lower.expression(index),
    () => operandsFor(context, node, parameters),
  );
  const callee: Callee = { kind: 'table', table: table.table, index: lowered };
  return placed(context, node, { kind: 'call', type: resultOf(table.table), callee, operands });
}

/** The type of a table's call: `never` only if no function of the table returns. */
function resultOf({ fallback, entries }: FunctionTable): Type {
  const returning = [fallback, ...entries.values()].find(({ result }) => result.kind !== 'never');
  return (returning ?? fallback).result;
}

function call(
  context: Context,
  node: ts.CallExpression,
  callee: Callee,
  parameters: readonly Pick<Variable, 'type'>[],
  result: Type,
): Expression {
  return placed(context, node, {
    kind: 'call',
    type: result,
    callee,
    operands: operandsFor(context, node, parameters),
  });
}

function operandsFor(
  context: Context,
  node: ts.CallExpression,
  parameters: readonly Pick<Variable, 'type'>[],
): readonly Expression[] {
  return all(
    context,
    ...node.arguments.map((argument, index) => () => {
      const parameter = parameters[index];
      return parameter ? valueFor(context, argument, parameter.type) : refuseSilently();
    }),
  );
}

function argumentOf(context: Context, node: ts.CallExpression, index: number, name?: IntegerName): Expression {
  const argument = node.arguments[index];
  if (!argument) return refuseSilently();
  return name === undefined ? context.lower.expression(argument) : valueFor(context, argument, integerType(name));
}

function twoArguments(
  context: Context,
  node: ts.CallExpression,
  first?: IntegerName,
  second?: IntegerName,
): readonly [Expression, Expression] {
  return all(
    context,
    () => argumentOf(context, node, 0, first),
    () => argumentOf(context, node, 1, second),
  );
}

function libraryCall(context: Context, node: ts.CallExpression, name: string): Expression {
  const [first] = node.arguments;
  if (CASTS.has(name) && first) {
    const to = name as IntegerName;
    const operand = context.lower.expression(first, to);
    return placed(context, node, { kind: 'cast', type: integerType(to), to, operand });
  }
  if (name in BUILTINS) {
    const builtin = name as BuiltinName;
    const type = integerType(BUILTINS[builtin]);
    const operands = twoArguments(context, node, type.name ?? undefined, type.name ?? undefined);
    return placed(context, node, { kind: 'builtin', type, name: builtin, operands });
  }
  const platform = PLATFORM_FUNCTIONS[name];
  if (platform)
    return call(context, node, { kind: 'intrinsic', intrinsic: platform }, platform.parameters, platform.result);
  return memoryCall(context, node, name, first);
}

function memoryCall(
  context: Context,
  node: ts.CallExpression,
  name: string,
  first: ts.Expression | undefined,
): Expression {
  switch (first && name) {
    case 'physical': {
      const [layout, address] = all(
        context,
        () => layoutOf(context, first ?? node),
        () => argumentOf(context, node, 1, 'hpa'),
      );
      return placed(context, node, {
        kind: 'physical',
        type: { kind: 'reference', layout, nullable: false },
        layout,
        address,
      });
    }
    case 'window': {
      const [start, length] = twoArguments(context, node, 'hpa', 'u32');
      return placed(context, node, { kind: 'window', type: { kind: 'bytes', nullable: false }, start, length });
    }
    case 'addressOf':
      return placed(context, node, { kind: 'addressOf', type: integerType('hpa'), base: argumentOf(context, node, 0) });
    case 'local':
      if (!ts.isVariableDeclaration(node.parent))
        refuse(
          context,
          node,
          SUBSET.localEscapes,
          'local() only initializes a const',
          'write const name = local(Layout);',
        );
      return placed(context, node, {
        kind: 'local',
        type: { kind: 'reference', layout: layoutOf(context, first ?? node), nullable: false },
        layout: layoutOf(context, first ?? node),
      });
    case 'requires':
    case 'ensures':
    case 'invariant':
    case 'effects':
    case 'unreachable':
      return refuse(context, node, SUBSET.contractPlace, `${name}() is a statement, in its place`);
    default:
      return refuse(context, node, SUBSET.declarationForm, `${name}() stands at the top level of a module only`);
  }
}

function methodCall(context: Context, node: ts.CallExpression, callee: ts.PropertyAccessExpression): Expression {
  const method = callee.name.text;
  const owner = callee.expression;
  const entity = ts.isIdentifier(owner) ? calledIn(context, node, () => context.entity(owner)) : null;
  if (entity?.kind === 'list' && method === 'get')
    return placed(context, node, {
      kind: 'listGet',
      type: entity.list.type,
      list: entity.list,
      index: argumentOf(context, node, 0),
    });
  if (entity?.kind === 'table')
    return refuse(
      context,
      node,
      SUBSET.functionValue,
      'a function is not a value',
      'call it at once: handlers.get(index)(...)',
    );
  if (entity !== null && entity.kind !== 'variable' && entity.kind !== 'instance' && entity.kind !== 'constant')
    return refuse(context, node, SUBSET.foreignName, `${textOf(callee)} is not a function of the language`);
  const base = calledIn(context, node, () => context.lower.expression(owner));
  const found = bytesMethod(context, node, base, method) ?? elementMethod(context, node, base, method);
  if (found) return found;
  if (base.type.kind === 'string' && method === 'charCodeAt')
    return placed(context, node, {
      kind: 'charCode',
      type: integerType('u8'),
      base,
      index: argumentOf(context, node, 0),
    });
  return refuse(context, node, SUBSET.foreignName, `${textOf(callee)} is not a function of the language`);
}

function bytesMethod(context: Context, node: ts.CallExpression, base: Expression, method: string): Expression | null {
  if (base.type.kind !== 'bytes') return null;
  const bytes = READS[method];
  if (bytes !== undefined)
    return placed(context, node, {
      kind: 'bytesRead',
      type: integerType(method as IntegerName),
      base,
      bytes,
      offset: argumentOf(context, node, 0),
    });
  if (method !== 'part') return null;
  const [offset, length] = twoArguments(context, node);
  return placed(context, node, { kind: 'bytesPart', type: { kind: 'bytes', nullable: false }, base, offset, length });
}

function elementMethod(context: Context, node: ts.CallExpression, base: Expression, method: string): Expression | null {
  if (base.type.kind !== 'reference' || base.type.layout.kind !== 'array') return null;
  const { element, length } = base.type.layout;
  if (method !== (element.kind === 'scalar' ? 'get' : 'at')) return null;
  const index = argumentOf(context, node, 0);
  return placed(context, node, { kind: 'element', type: typeInMemory(element), base, index, length });
}
