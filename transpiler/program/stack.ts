/**
 * How much stack the image takes at most, from each place where it is entered.
 *
 * The frames are gcc's own figures of the compiled unit. What gcc cannot know comes from elsewhere: the functions
 * that a table holds from the program, the frames of assembly from the caller.
 */
import { globalName } from '../ir/cNames.js';
import type { Function, Program } from '../ir/nodes.js';
import { callsIn, functionsOf } from './callGraph.js';
import { readCompilerGraph, type CompiledCall, type CompiledFunction } from './compilerGraph.js';

/** A function that is written in assembly. */
export interface AssemblyFunction {
  readonly symbol: string;
  /** Its deepest use of the stack in bytes, with its return address or interrupt frame. */
  readonly bytes: number;
  /** The symbols that it calls. */
  readonly calls: readonly string[];
}

export interface StackBound {
  readonly entry: string;
  readonly bytes: number;
  /** The chain of calls that takes the most, starting at the entry. */
  readonly path: readonly { readonly symbol: string; readonly bytes: number }[];
}

/** Thrown if a stack depth is unbounded or unknown. The message says for which function. */
export class StackError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StackError';
  }
}

/**
 * The bound for each of `entries`, which are symbols. `graph` is the text of the compiled unit's `.ci` file.
 * Throws StackError for recursion, for a frame without a fixed size, and for a symbol that nothing describes.
 */
export function stackBounds(
  program: Program,
  graph: string,
  assembly: readonly AssemblyFunction[],
  entries: readonly string[],
): readonly StackBound[] {
  const compiled = readCompilerGraph(graph);
  const written = new Map(assembly.map((one) => [one.symbol, one]));
  const tables = tableSymbols(program);
  const deepest = new Map<string, StackBound>();
  const path: string[] = [];

  function bound(symbol: string): StackBound {
    const known = deepest.get(symbol);
    if (known !== undefined) return known;
    if (path.includes(symbol)) throw new StackError(`${[...path, symbol].join(' -> ')} is a circle`);
    path.push(symbol);
    const { bytes, calls } = frameOf(symbol);
    const below = calls.map(bound).reduce(deeper, { entry: symbol, bytes: 0, path: [] });
    path.pop();
    const result = { entry: symbol, bytes: bytes + below.bytes, path: [{ symbol, bytes }, ...below.path] };
    deepest.set(symbol, result);
    return result;
  }

  function frameOf(symbol: string): { readonly bytes: number; readonly calls: readonly string[] } {
    const found = compiled.get(symbol);
    if (found !== undefined && found.bytes !== null) {
      return { bytes: boundedBytes(found, found.bytes), calls: found.calls.flatMap((call) => targetsOf(call, tables)) };
    }
    const inAssembly = written.get(symbol);
    if (inAssembly === undefined)
      throw new StackError(
        `nothing says how much stack ${symbol} takes: it needs a line in the list of assembly functions`,
      );
    return inAssembly;
  }

  return entries.map(bound);
}

function deeper(a: StackBound, b: StackBound): StackBound {
  return b.bytes > a.bytes ? b : a;
}

function boundedBytes({ symbol, isUnbounded }: CompiledFunction, bytes: number): number {
  if (isUnbounded) throw new StackError(`the frame of ${symbol} has no fixed size`);
  return bytes;
}

/** The symbols that a compiled call can reach. */
function targetsOf({ symbol, line }: CompiledCall, tables: ReadonlyMap<string, readonly string[]>): readonly string[] {
  if (symbol !== null) return [symbol];
  const targets = tables.get(line);
  if (targets === undefined) throw new StackError(`nothing says what the call through a pointer at ${line} reaches`);
  return targets;
}

/** The symbols that the calls through tables can reach, by the line of the call. */
function tableSymbols(program: Program): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { at, callee } of program.modules.flatMap(({ functions }) => functions.flatMap(callsIn))) {
    if (callee.kind !== 'table') continue;
    const line = `${at.file}:${at.line}`;
    found.set(line, [...(found.get(line) ?? []), ...functionsOf(callee).map(symbolOf)]);
  }
  return found;
}

function symbolOf(subject: Function): string {
  return subject.entry ?? globalName(subject);
}
