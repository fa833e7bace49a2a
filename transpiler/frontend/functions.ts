/** Functions: their signatures first, so that any can call any; their bodies later. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Function, Statement, Variable } from '../ir/nodes.js';
import { all, type Body, type Context, type Entity, locate, moduleOf, refuse, textOf } from './context.js';
import { leadingContracts } from './contracts.js';
import { startAsRefused } from './refused.js';
import { statementsOf } from './statements.js';
import type { Type } from '../ir/types.js';
import { typeOfAnnotation } from './types.js';

/** The function of a declaration, without its body. */
export function functionSignature(context: Context, declaration: ts.FunctionDeclaration): Entity {
  const { name } = declaration;
  if (!name || !ts.isSourceFile(declaration.parent))
    return refuse(
      context,
      declaration,
      SUBSET.functionForm,
      'functions are declared by name, at the top level of a module',
    );
  if (!isPlain(declaration))
    return refuse(
      context,
      name,
      SUBSET.functionForm,
      `${name.text} is generic, asynchronous, a generator or an overload`,
    );
  const [result, ...parameters] = all(
    context,
    () => resultOf(context, declaration, name),
    ...declaration.parameters.map((parameter) => () => parameterOf(context, parameter)),
  );
  const entity: Entity = {
    kind: 'function',
    declaration,
    function: {
      name: name.text,
      module: moduleOf(context, declaration),
      at: locate(context, name),
      exported: declaration.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false,
      entry: null,
      parameters,
      result,
      requires: [],
      promises: [],
      promisesAt: null,
      body: [],
    },
  };
  return entity;
}

/** Whether a function is neither generic nor asynchronous, nor a generator or an overload. */
function isPlain({ asteriskToken, typeParameters, body, modifiers }: ts.FunctionDeclaration): boolean {
  const isAsync = modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
  return !asteriskToken && !typeParameters && body !== undefined && !isAsync;
}

function resultOf(context: Context, declaration: ts.FunctionDeclaration, name: ts.Identifier): Type {
  if (!declaration.type)
    return refuse(
      context,
      name,
      SUBSET.annotation,
      `${name.text} does not say what it returns`,
      'annotate it, with void too',
    );
  if (ts.isTypePredicateNode(declaration.type))
    return refuse(
      context,
      declaration.type,
      SUBSET.assertion,
      `${textOf(declaration.type)} is not checked against what ${name.text} does`,
      'return a boolean, and compare where the value is used',
    );
  return typeOfAnnotation(context, declaration.type);
}

function parameterOf(context: Context, parameter: ts.ParameterDeclaration): Variable {
  const { name, type } = parameter;
  const symbols = startAsRefused(context, name);
  if (!ts.isIdentifier(name) || parameter.questionToken || parameter.initializer || parameter.dotDotDotToken)
    return refuse(
      context,
      parameter,
      SUBSET.parameterForm,
      'a parameter is a name and a type: nothing optional, no default, no rest',
    );
  if (!type) return refuse(context, parameter, SUBSET.annotation, `the parameter ${name.text} has no type`);
  const variable: Variable = {
    name: name.text,
    type: typeOfAnnotation(context, type),
    at: locate(context, name),
    role: 'parameter',
  };
  for (const symbol of symbols) context.entities.set(symbol, { kind: 'variable', variable });
  return variable;
}

/** Lowers the body of `declaration` into `fn`. */
export function lowerBody(context: Context, fn: Function, declaration: ts.FunctionDeclaration): void {
  const body: Body = { ...context, result: fn.result, breaks: null };
  const statements = [...(declaration.body?.statements ?? [])];
  const { requires, promises, promisesAt, isIncomplete, count } = leadingContracts(body, statements);
  fn.requires.push(...requires);
  const lowered = statementsOf(body, statements.slice(count));
  const missing: readonly Statement[] = isIncomplete ? [{ kind: 'refused', at: fn.at, changes: [], ends: true }] : [];
  Object.assign(fn, { body: [...missing, ...lowered], promises, promisesAt });
}

/** Looks at the body of a function whose signature was refused, for what else is wrong. */
export function checkBody(context: Context, declaration: ts.FunctionDeclaration): void {
  if (!isPlain(declaration)) return;
  const body: Body = { ...context, result: null, breaks: null };
  const statements = [...(declaration.body?.statements ?? [])];
  statementsOf(body, statements.slice(leadingContracts(body, statements).count));
}
