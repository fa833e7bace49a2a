import { invariant, u32 } from '../../../../transpiler/lib/index.js';

export function sum(n: u32): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (i === 7) continue;
    if (i === 1000) break;
    total = u32(total + i);
  }
  return total;
}

export function down(n: u32): u32 {
  let left: u32 = n;
  let steps: u32 = 0;
  while (left > 0) {
    invariant(steps + left <= n);
    left -= 1;
    steps += 1;
  }
  return steps;
}

export function forever(n: u32): u32 {
  let i: u32 = n;
  for (;;) {
    i = u32(i * 3 + 1);
    if (i % 8 === 0) return i;
  }
}

export function skips(n: u32): u32 {
  let found: u32 = 0;
  for (let i: u32 = 2; i <= 100; i += 3) {
    switch (i) {
      case 5:
        continue;
      default:
        found = u32(found + n);
    }
  }
  return found;
}
