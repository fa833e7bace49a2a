import { effects, ensures, invariant, requires, u32 } from '../../../../transpiler/lib/index.js';

function third(n: u32): u32 {
  requires(n < 4);
  effects('no-halt', 'nmi-safe');
  const result = u32(n / 3);
  ensures(result <= n);
  return result;
}

export function run(n: u32): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    invariant(total <= i * 3);
    total += third(i);
  }
  return u32(total + n);
}
