/** Functions: their signatures first, so that any can call any; their bodies later. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Function, Statement, Variable } from '../ir/nodes.js';
import { type Body, type Context, type Entity, locate, moduleOf, refuse, textOf } from './context.js';
import { leadingContracts } from './contracts.js';
import { statementsOf } from './statements.js';
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
  if (declaration.asteriskToken || declaration.typeParameters || !declaration.body || isAsync(declaration))
    return refuse(
      context,
      name,
      SUBSET.functionForm,
      `${name.text} is generic, asynchronous, a generator or an overload`,
    );
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
  const entity: Entity = {
    kind: 'function',
    declaration,
    function: {
      name: name.text,
      module: moduleOf(context, declaration),
      at: locate(context, name),
      exported: declaration.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false,
      entry: null,
      parameters: declaration.parameters.map((parameter) => parameterOf(context, parameter)),
      result: typeOfAnnotation(context, declaration.type),
      requires: [],
      promises: [],
      promisesAt: null,
      body: [],
    },
  };
  return entity;
}

function isAsync(declaration: ts.FunctionDeclaration): boolean {
  return declaration.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
}

function parameterOf(context: Context, parameter: ts.ParameterDeclaration): Variable {
  const { name, type } = parameter;
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
  const symbol = context.checker.getSymbolAtLocation(name);
  if (symbol) context.entities.set(symbol, { kind: 'variable', variable });
  return variable;
}

/** Lowers the body of `declaration` into `fn`; false where any of it was refused. */
export function lowerBody(context: Context, fn: Function, declaration: ts.FunctionDeclaration): boolean {
  const body: Body = { ...context, result: fn.result, breaks: null, failure: { happened: false } };
  const all = [...(declaration.body?.statements ?? [])];
  const contracts = leadingContracts(body, all);
  fn.requires.push(...contracts.requires);
  const lowered: readonly Statement[] = statementsOf(body, all.slice(contracts.count));
  Object.assign(fn, { body: lowered, promises: contracts.promises, promisesAt: contracts.promisesAt });
  return !body.failure.happened;
}
