import { i32, u32, u64 } from '../../../../transpiler/lib/index.js';

export const PAGE_SHIFT = 12;
export const PAGE = 1 << PAGE_SHIFT;
export const PAGE_MASK = ~((1n << 12n) - 1n);
export const SIGN = u32(1 << 31);
export const LOWEST = i32(SIGN);
export const TOP: u64 = 0xffff_ffff_8000_0000n;
export const NAME = 'example';
export const IS_SMALL = PAGE <= 4096 && TOP !== 0n;
export const LENGTH = u32(100 / 3);

export function all(index: u32): u64 {
  if (IS_SMALL && index === SIGN) return TOP;
  return index === NAME.length ? u64(PAGE + LENGTH) : u64(LOWEST) & PAGE_MASK;
}
