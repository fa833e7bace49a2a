/** Runs cases in Node: the program's own modules, imported unmodified. */
import { integerName, rangeOfName } from '../../../transpiler/ir/integers.js';
import type { Function, Instance, IntrinsicFunction, Module, Program } from '../../../transpiler/ir/nodes.js';
import type { ScalarLayout, Type } from '../../../transpiler/ir/types.js';
import { addressOf, physical, window, type Bytes } from '../../../transpiler/lib/memory.js';
import {
  addMemory,
  ContractError,
  instanceMemory,
  NoMemoryError,
  resetMemory,
  simulate,
} from '../../../transpiler/lib/testing.js';
import { regionsOf, type Case, type Outcome, type Region, type Value } from './case.js';
import { libraryLayout } from './layouts.js';
import { startRounds, TooLong } from './rounds.js';

type Exports = Readonly<Record<string, unknown>>;

/** A program with loaded modules, and the memory of each instance. */
export interface LoadedProgram {
  readonly program: Program;
  readonly exports: ReadonlyMap<string, Exports>;
  readonly instances: ReadonlyMap<Instance, Region>;
}

/** Imports every module of `program`; `url` gives the address of a module's JavaScript. */
export async function loadProgram(program: Program, url: (module: string) => string): Promise<LoadedProgram> {
  const exports = new Map<string, Exports>();
  const instances = new Map<Instance, Region>();
  for (const module of program.modules.filter(declaresAnything)) {
    const before = instanceMemory().length;
    exports.set(module.name, (await import(url(module.name))) as Exports);
    const made = instanceMemory().slice(before);
    if (made.length !== module.instances.length)
      throw new Error(`${module.file} has ${module.instances.length} instances, but made ${made.length} in Node`);
    module.instances.forEach((instance, index) => instances.set(instance, made[index] as Region));
  }
  return { program, exports, instances };
}

/** Whether a module declares anything to run. The library's own modules are in a program only for their layouts. */
function declaresAnything({ functions, constants, lists, tables, instances }: Module): boolean {
  return [functions, constants, lists, tables, instances].some((declared) => declared.length > 0);
}

/** Ends a run at an intrinsic that does not return. */
class Halted extends Error {}
/** Ends a run that needs more results of intrinsics than there are, such as one that waits for a device. */
class Exhausted extends Error {}
/** Limit of intrinsic calls, so that a wait for another, absent processor ends. platform.h has the same. */
const MOST_CALLS = 5_000;

/**
 * Runs the function in Node. Null if it need not handle the case: its `requires` does not hold, an address that it trusts is
 * invalid, or its loops take too long.
 */
export function runInNode(loaded: LoadedProgram, run: Case): Outcome | null {
  const watched = placeMemory(loaded, run);
  const log: string[] = [];
  simulate(recorder(loaded.program.intrinsics, run.answers, log));
  startRounds();
  try {
    log.push(invokeTested(loaded, run));
  } catch (error) {
    if (error instanceof Halted) log.push('halted');
    else if (error instanceof Exhausted) log.push('out of answers');
    else if (error instanceof NoMemoryError || error instanceof TooLong || isOwnRequirement(error, run.function))
      return null;
    else throw error;
  } finally {
    simulate(null);
  }
  return [...log, ...watched.flatMap(changes)].join('\n');
}

interface Watched {
  readonly base: bigint;
  readonly before: Uint8Array;
  readonly now: Uint8Array;
}

/** Sets up the memory of a case. The result shows its changes. */
function placeMemory(loaded: LoadedProgram, run: Case): Watched[] {
  resetMemory();
  const watched = regionsOf(run).map(({ base, bytes }) => ({
    base,
    before: bytes,
    now: addMemory(base, bytes.slice()),
  }));
  for (const [instance, bytes] of run.instances) {
    const { base, bytes: now } = loaded.instances.get(instance) as Region;
    now.set(bytes);
    watched.push({ base, before: bytes, now });
  }
  return watched;
}

function changes({ base, before, now }: Watched): string[] {
  const lines: string[] = [];
  if (Buffer.compare(before, now) === 0) return lines;
  now.forEach((byte, offset) => {
    if (byte !== before[offset]) lines.push(`${(base + BigInt(offset)).toString(16)}=${byte.toString(16)}`);
  });
  return lines;
}

function invokeTested(loaded: LoadedProgram, run: Case): string {
  const tested = run.function;
  const callable = loaded.exports.get(tested.module.name)?.[tested.name] as (...values: unknown[]) => unknown;
  const values = tested.parameters.map(({ type }, index) => nodeValue(type, run.arguments[index] as Value));
  return `= ${show(tested.result, callable(...values))}`;
}

function nodeValue(type: Type, value: Value): unknown {
  if (value === null) return null;
  if (type.kind === 'integer') return type.javascript === 'number' ? Number(value) : value;
  if (type.kind === 'reference') return physical(libraryLayout(type.layout), (value as Region).base);
  if (type.kind === 'bytes') return window((value as Region).base, (value as Region).bytes.length);
  return value;
}

/** Formats a value in the form of both sides. */
function show(type: Type, value: unknown): string {
  if (value === null) return 'null';
  if (type.kind === 'reference') return `@${addressOf(value as object).toString(16)}`;
  if (type.kind === 'bytes') return `@${(value as Bytes).start.toString(16)}+${(value as Bytes).length}`;
  return type.kind === 'void' ? 'nothing' : String(value);
}

/** A machine that records each intrinsic call and answers from the list. */
function recorder(intrinsics: readonly IntrinsicFunction[], answers: readonly bigint[], log: string[]): object {
  let next = 0;
  let calls = 0;
  const answer = (): bigint => {
    const found = answers[next++];
    if (found === undefined) throw new Exhausted();
    return found;
  };
  const machine: Record<string, (...values: unknown[]) => unknown> = {};
  for (const { name, parameters, result } of intrinsics) {
    machine[name] = (...values) => {
      if (++calls > MOST_CALLS) throw new Exhausted();
      log.push(`${name}(${values.map((value, index) => show(parameters[index]?.type as Type, value)).join(', ')})`);
      return answerOf(result, answer);
    };
  }
  return machine;
}

function answerOf(type: Type, answer: () => bigint): unknown {
  switch (type.kind) {
    case 'void':
      return undefined;
    case 'never':
      throw new Halted();
    case 'boolean':
      return (answer() & 1n) === 1n;
    case 'integer': {
      const { low, high } = rangeOfName(integerName(type));
      const bits = (high - low).toString(2).length;
      const value = low < 0n ? BigInt.asIntN(bits, answer()) : BigInt.asUintN(bits, answer());
      return type.javascript === 'number' ? Number(value) : value;
    }
    case 'reference': {
      if (type.layout.kind !== 'struct') throw new TypeError('only structs are returned by value');
      const fields = [...type.layout.fields].map(([name, { layout }]) => {
        if (layout.kind !== 'scalar') throw new TypeError(`${name} of a result is no scalar`);
        return [name, answerOf(scalarType(layout.name), answer)];
      });
      return Object.fromEntries(fields);
    }
    default:
      throw new TypeError(`no intrinsic returns ${type.kind}`);
  }
}

/** The program's type of a field of this kind. */
export function scalarType(name: ScalarLayout['name']): Type {
  if (name === 'boolean') return { kind: 'boolean' };
  const javascript = rangeOfName(name).high > 0xffff_ffffn ? 'bigint' : 'number';
  return { kind: 'integer', javascript, name, members: null };
}

/** Whether the error comes from the `requires` of the tested function itself, by its caller in the stack trace. */
function isOwnRequirement(error: unknown, tested: Function): boolean {
  if (!(error instanceof ContractError) || !error.message.startsWith('requires')) return false;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return new RegExp(`^\\s+at ${tested.name} `).test(frames[1] ?? '');
}
