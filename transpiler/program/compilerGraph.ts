/** The call graph that gcc writes with `-fcallgraph-info=su`, in the VCG language. */

/** A function as it was compiled: after inlining, which makes one frame of several functions. */
export interface CompiledFunction {
  /** Its symbol, with gcc's suffix where it is a copy: `exits_cpuid_onCpuid.constprop.0`. */
  readonly symbol: string;
  /** Its frame and its return address; null where the compiler does not know: it is declared only. */
  readonly bytes: number | null;
  /** Whether the frame has a size that is not known at build. */
  readonly isUnbounded: boolean;
  readonly calls: readonly CompiledCall[];
}

export interface CompiledCall {
  /** The symbol; null for a call through a pointer. */
  readonly symbol: string | null;
  /** `kernel/svm/exit.ts:33`; empty for calls that the compiler added. */
  readonly line: string;
}

const NODE = /^node: \{ title: "([^"]*)" label: "([^"]*)"/;
const EDGE = /^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"(?: label: "([^"]*)")?/;
const USAGE = /(\d+) bytes \(([a-z,]+)\)/;
const INDIRECT = '__indirect_call';

/** Reads the text of a `.ci` file. */
export function readCompilerGraph(text: string): ReadonlyMap<string, CompiledFunction> {
  const functions = new Map<string, CompiledFunction & { calls: CompiledCall[] }>();
  const edges: (readonly [from: string, call: CompiledCall])[] = [];
  for (const line of text.split('\n')) {
    const [, title, label] = NODE.exec(line) ?? [];
    if (title !== undefined && label !== undefined && title !== INDIRECT) {
      const symbol = symbolOf(title);
      functions.set(symbol, { symbol, ...usageOf(label), calls: [] });
    }
    const [, from, to, at = ''] = EDGE.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      edges.push([symbolOf(from), { symbol: to === INDIRECT ? null : symbolOf(to), line: at.replace(/:\d+$/, '') }]);
    }
  }
  for (const [from, call] of edges) functions.get(from)?.calls.push(call);
  return functions;
}

/** Titles are `file:symbol`; a `*` before the symbol says that the source named it. */
function symbolOf(title: string): string {
  return title.slice(title.lastIndexOf(':') + 1).replace(/^\*/, '');
}

function usageOf(label: string): Pick<CompiledFunction, 'bytes' | 'isUnbounded'> {
  const [, bytes, kind] = USAGE.exec(label) ?? [];
  if (bytes === undefined || kind === undefined) return { bytes: null, isUnbounded: false };
  return { bytes: Number(bytes), isUnbounded: kind === 'dynamic' };
}
