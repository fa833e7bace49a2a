/**
 * Contracts: ordinary calls that run in Node, are proved by the checker and vanish from the C.
 */

/** Thrown in Node where a contract does not hold. Checked code never reaches it. */
export class ContractError extends Error {
  constructor(kind: string) {
    super(`${kind} does not hold`);
    this.name = 'ContractError';
  }
}

/** What every caller must prove. Stands at the start of a function and speaks of its parameters. */
export function requires(condition: boolean): void {
  if (!condition) throw new ContractError('requires');
}

/**
 * What callers may rely on. Stands directly before `return name;` and speaks of `name` and of
 * the parameters. A function that has one has it before each of its returns, word for word.
 */
export function ensures(condition: boolean): void {
  if (!condition) throw new ContractError('ensures');
}

/** What holds each time a loop's body starts. Stands at the start of the body. */
export function invariant(condition: boolean): void {
  if (!condition) throw new ContractError('invariant');
}

/** What a function promises not to do, directly or through what it calls. See docs/language.md. */
export type EffectPromise = 'no-alloc' | 'no-mmio' | 'no-port' | 'no-halt' | 'nmi-safe';

/** Declares promises; stands at the start of a function. The checker infers the effects and compares. */
export function effects(...promises: EffectPromise[]): void {
  void promises;
}

/** The `default` of a `switch` over an enum: tsc refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new ContractError(`unreachable (${String(value)})`);
}

/**
 * The functions that assembly or another language calls, by the symbol each is known by.
 * One module-level constant per program; the call graph starts here.
 */
export function entryPoints<T extends Readonly<Record<string, (...args: never[]) => unknown>>>(functions: T): T {
  return functions;
}
