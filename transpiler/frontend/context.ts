/** What all parts of the frontend share: the checker, what names stand for, and how to refuse. */
import { ts } from 'ts-morph';
import type { Diagnostic, Report } from '../diagnostics/diagnostic.js';
import type { Location } from '../ir/location.js';
import type {
  Constant,
  ConstantList,
  Expression,
  Function,
  FunctionTable,
  Instance,
  IntrinsicFunction,
  Module,
  Statement,
  Variable,
} from '../ir/nodes.js';
import type { IntegerName, Layout, Type } from '../ir/types.js';
import { locationOf } from './sources/load.js';

/** What a name stands for. */
export type Entity =
  | { readonly kind: 'constant'; readonly constant: Constant }
  | { readonly kind: 'enumeration'; readonly members: ReadonlyMap<string, Constant> }
  | { readonly kind: 'layout'; readonly layout: Layout }
  | { readonly kind: 'instance'; readonly instance: Instance }
  | { readonly kind: 'list'; readonly list: ConstantList }
  | { readonly kind: 'table'; readonly table: FunctionTable }
  | { readonly kind: 'function'; readonly function: Function; readonly declaration: ts.FunctionDeclaration }
  | { readonly kind: 'intrinsic'; readonly intrinsic: IntrinsicFunction }
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'entryPoints' }
  /** A function or value of transpiler/lib that the frontend knows by name. */
  | { readonly kind: 'library'; readonly name: string };

/** How to lower the parts of a construct. The files of the frontend lower each other's constructs only through this. */
export interface Lowering {
  /** The expression at `node`: its exact value, or below the cast to `modulus` one that may wrap around. */
  readonly expression: (node: ts.Expression, modulus?: IntegerName | null) => Expression;
  /** The boolean expression at `node`. */
  readonly condition: (node: ts.Expression) => Expression;
  /** Lowers statements one by one; a refused one is reported, and a `refused` stands for it. */
  readonly statements: (body: Body, nodes: readonly ts.Statement[]) => Statement[];
}

export interface Context {
  readonly folder: string;
  readonly checker: ts.TypeChecker;
  readonly report: Report;
  /** The statements that TypeScript refuses. */
  readonly refused: ReadonlySet<ts.Node>;
  /** Modules by the absolute path of their file. */
  readonly modules: ReadonlyMap<string, Module>;
  /** What each declared name stands for, once it is known; null where its declaration was refused. */
  readonly entities: Map<ts.Symbol, Entity | null>;
  /** Layouts by their description: equal layouts are one object. */
  readonly layouts: Map<string, Layout>;
  readonly lower: Lowering;
  /** What an identifier stands for. */
  readonly entity: (name: ts.Identifier) => Entity;
}

/** The context of one function's body. */
export interface Body extends Context {
  /** Null where the function's result was refused. */
  readonly result: Type | null;
  /** What a `break` would leave. */
  readonly breaks: 'loop' | 'switch' | null;
}

/**
 * Thrown to leave a construct that has been refused. It is caught where there are others beside it (`all`, and per statement
 * and declaration), so that they are still looked at. Null where the reason has been reported elsewhere.
 */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic | null;
  constructor(diagnostic: Diagnostic | null) {
    super(diagnostic?.message ?? 'refused before');
    this.name = 'Refusal';
    this.diagnostic = diagnostic;
  }
}

/** An entry of diagnostics/subset.ts. */
export interface Coded {
  readonly code: string;
}

/** Refuses the construct at `node`. */
export function refuse(context: Context, node: ts.Node, { code }: Coded, message: string, ...fixes: string[]): never {
  throw new Refusal({ code, at: locate(context, node), message, known: [], fixes });
}

/** Refuses what stands on a declaration that has been refused already. */
export function refuseSilently(): never {
  throw new Refusal(null);
}

/** Runs `work`; where it is refused, reports that and gives null. */
export function attempt<T>(context: Context, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.diagnostic) context.report(error.diagnostic);
    return null;
  }
}

/** Runs all of `parts`, so that each refused one is reported. If any was refused, the construct made of them is refused silently. */
export function all<T extends readonly unknown[]>(context: Context, ...parts: { [K in keyof T]: () => T[K] }): T {
  const results = parts.map((part) => attempt(context, () => ({ value: part() })));
  return results.map((result) => (result === null ? refuseSilently() : result.value)) as unknown as T;
}

export function locate(context: Context, node: ts.Node): Location {
  const file = node.getSourceFile();
  const start = node.getStart(file);
  return locationOf(context.folder, file, start, node.getEnd() - start);
}

/** The source text of `node` on one line, for messages. */
export function textOf(node: ts.Node): string {
  return node.getText().replace(/\s+/g, ' ');
}

/** The symbol that a name refers to, through imports; a shorthand property's is its value's. */
export function symbolOf(context: Context, node: ts.Node): ts.Symbol | undefined {
  const { checker } = context;
  const symbol =
    ts.isIdentifier(node) && ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The module that `node` stands in. */
export function moduleOf(context: Context, node: ts.Node): Module {
  return context.modules.get(node.getSourceFile().fileName) ?? refuseSilently();
}
