/** Constant tables: of functions, and of values. */

type AnyFunction = (...args: never[]) => unknown;

/** A constant table of functions, `static const` in C. */
export interface FunctionTable<F extends AnyFunction> {
  readonly length: number;
  /** The entry at `index`, which is proved to be below `length`. */
  get(index: number): F;
}

/**
 * A table of `length` functions; where `entries` names none, `fallback` stands.
 * The keys are constants: `[ExitReason.cpuid]: onCpuid`.
 */
export function table<F extends AnyFunction>(
  length: number,
  fallback: F,
  entries: Readonly<Record<number, F>>,
): FunctionTable<F> {
  const functions = new Array<F>(length).fill(fallback);
  for (const [key, entry] of Object.entries(entries)) {
    const index = Number(key);
    if (!(Number.isInteger(index) && index >= 0 && index < length))
      throw new RangeError(`table entry ${key} is outside 0..${length - 1}`);
    functions[index] = entry;
  }
  return {
    length,
    get(index) {
      const found = functions[index];
      if (found === undefined) throw new RangeError(`table index ${index} is outside 0..${length - 1}`);
      return found;
    },
  };
}

/** A constant list of values, `static const` in C. */
export interface List<T> {
  readonly length: number;
  /** The value at `index`, which is proved to be below `length`. */
  get(index: number): T;
}

/** A constant list; `type` says what it holds: `list(U32, [0x10, 0x20])`, `list(STRING, ['a', 'b'])`. */
export function list<T>(type: { readonly sample: T }, values: readonly NoInfer<T>[]): List<T> {
  void type;
  return {
    length: values.length,
    get(index) {
      const found = values[index];
      if (found === undefined) throw new RangeError(`list index ${index} is outside 0..${values.length - 1}`);
      return found;
    },
  };
}
