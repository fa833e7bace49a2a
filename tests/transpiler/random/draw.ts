/** Choices, drawn from fast-check so that a seed repeats them. */
import fc from 'fast-check';

export interface Draw {
  /** From 0 up to, not including, `end`. */
  below(end: number): number;
  pick<T>(choices: readonly T[]): T;
  /** True once in `times`. */
  once(times: number): boolean;
}

/** An arbitrary made by code that draws as it goes. */
export function drawn<T>(make: (draw: Draw) => T): fc.Arbitrary<T> {
  return fc.gen().map((generate) => {
    const below = (end: number): number => generate(fc.nat, end - 1);
    return make({
      below,
      pick: <C>(choices: readonly C[]): C => choices[below(choices.length)] as C,
      once: (times) => below(times) === 0,
    });
  });
}
