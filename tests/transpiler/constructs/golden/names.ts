import { at, instance, struct, U32, type u32 } from '../../../../transpiler/lib/index.js';

const Words = struct('Words', { size: 8 }, { default: at(0, U32), int: at(4, U32) });
const words = instance(Words);

/** Names that C takes get an underscore. */
export function register(int: u32, unused: u32): u32 {
  const long = int & 0xff;
  words.int = long;
  words.default = long;
  return words.int;
}
