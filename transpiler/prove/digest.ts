/**
 * Digests of functions: functions with the same digest have the same proof. A digest covers everything in a function's nodes
 * except their places and their texts, which only messages use.
 * For a called function it covers the summary, since callers' proofs read nothing else of it (summary.ts).
 */
import { digest } from '../findings/findings.js';
import type { Function, FunctionTable, Variable } from '../ir/nodes.js';
import type { Layout } from '../ir/types.js';
import type { Summary } from './summary.js';

export class Digests {
  private readonly layouts = new Map<Layout, string>();
  private readonly summaries = new Map<Function, string>();

  /** The digest of a function; null in a circle of calls, where the proof rests on functions that have no digest yet. */
  of({ name, parameters, result, requires, body }: Function): string | null {
    return this.digestOf({ name, parameters, result, requires, body });
  }

  /** Keeps the digest of what callers know of `subject`. */
  note(subject: Function, summary: Summary): void {
    const found = this.digestOf(summary);
    if (found !== null) this.summaries.set(subject, found);
  }

  private digestOf(value: unknown): string | null {
    const writer = new Writer(this.layouts, this.summaries);
    const text = writer.write(value);
    return writer.isComplete ? digest(text) : null;
  }
}

/** Writes a value as text. A variable is written in the same way wherever it stands. */
class Writer {
  /** Whether each function that is called has a digest. */
  isComplete = true;
  private readonly variables = new Map<Variable, number>();
  private readonly layouts: Map<Layout, string>;
  private readonly summaries: ReadonlyMap<Function, string>;

  constructor(layouts: Map<Layout, string>, summaries: ReadonlyMap<Function, string>) {
    this.layouts = layouts;
    this.summaries = summaries;
  }

  write(value: unknown): string {
    return JSON.stringify(value, (key, part: unknown) => this.replace(key, part));
  }

  /** What is written in place of `part`, which its node calls `key`. */
  private replace(key: string, part: unknown): unknown {
    switch (key) {
      case 'at':
      case 'text':
      case 'range':
        return undefined;
      case 'layout':
      case 'struct':
        return this.layout(part as Layout);
      case 'function':
        return this.called(part as Function);
      case 'table':
        return this.table(part as FunctionTable);
      case 'constant':
      case 'list':
      case 'instance':
        return { ...(part as object), module: undefined, expression: undefined };
      default:
        return this.value(part);
    }
  }

  private value(part: unknown): unknown {
    if (typeof part === 'bigint') return { bigint: String(part) };
    if (part instanceof Map) return [...(part as ReadonlyMap<unknown, unknown>)];
    return typeof part === 'object' && part !== null && 'role' in part ? this.variable(part as Variable) : part;
  }

  private variable(variable: Variable): unknown {
    const number = this.variables.get(variable) ?? this.variables.size;
    this.variables.set(variable, number);
    const { name, type, role } = variable;
    return { number, name, type, isParameter: role };
  }

  private layout(layout: Layout): string {
    const known = this.layouts.get(layout);
    if (known !== undefined) return known;
    const found = digest(this.write(layout));
    this.layouts.set(layout, found);
    return found;
  }

  private called(subject: Function): string {
    const found = this.summaries.get(subject);
    if (found === undefined) this.isComplete = false;
    return found ?? '';
  }

  private table({ length, fallback, entries }: FunctionTable): unknown {
    return [length, ...[fallback, ...entries.values()].map((entry) => this.called(entry))];
  }
}
