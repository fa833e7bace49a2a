import { unreachable, type u32 } from '../../../../transpiler/lib/index.js';

export const Mode = { off: 0, slow: 1, fast: 16 } as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

export function speed(mode: Mode): u32 {
  switch (mode) {
    case Mode.off:
      return 0;
    case Mode.slow:
    case Mode.fast:
      return mode * 10;
    default:
      return unreachable(mode);
  }
}

/** TypeScript knows that the cases are all there are. */
export function isOff(mode: Mode): boolean {
  switch (mode) {
    case Mode.off:
      return true;
    case Mode.slow:
    case Mode.fast:
      return false;
  }
}

export function other(mode: Mode): Mode {
  return mode === Mode.fast ? Mode.slow : Mode.fast;
}
