import { gpa, hpa, u64, type Gpa, type Hpa } from '../../../../transpiler/lib/index.js';

const PAGE = 4096n;

export function pageOf(address: Gpa): Gpa {
  return address & ~(PAGE - 1n);
}

export function offsetIn(address: Gpa): u64 {
  return address % PAGE;
}

export function distance(from: Hpa, to: Hpa): u64 {
  return to < from ? 0n : to - from;
}

export function identity(address: Gpa): Hpa {
  return hpa(u64(address));
}

export function next(address: Gpa): Gpa {
  return gpa(address + PAGE);
}
