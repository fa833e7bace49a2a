/** The symbols of one function: each stands for one value that the function computes, once and for all. */
import type { Location } from '../../ir/location.js';
import type { Range } from '../../ir/types.js';

export interface Symbol {
  /** The name in messages: a variable's name or the text of an expression. */
  name: string;
  /** What a variable named `name` was first given, where that says more than the name. */
  origin: string | null;
  readonly at: Location;
  /** The type's name in messages, where it has one. */
  readonly type: string | null;
  /** What holds of it wherever it is defined. */
  readonly range: Range;
}

export class Symbols {
  private readonly all: Symbol[] = [];

  /** How many there are; the next one gets this number. */
  get count(): number {
    return this.all.length;
  }

  create(name: string, range: Range, at: Location, type: string | null = null): number {
    this.all.push({ name, origin: null, at, type, range });
    return this.all.length - 1;
  }

  get(symbol: number): Symbol {
    const found = this.all[symbol];
    if (found === undefined) throw new RangeError(`there is no symbol ${symbol}`);
    return found;
  }
}
