import { u32 } from '../../../../../transpiler/lib/index.js';

export function double(value: u32): u32 {
  return u32(value * 2);
}
