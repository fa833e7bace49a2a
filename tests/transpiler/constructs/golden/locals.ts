import { at, cpuid, local, struct, tryRdmsr, U32, type Ref, type u32 } from '../../../../transpiler/lib/index.js';

const Scratch = struct('Scratch', { size: 12 }, { first: at(0, U32), second: at(4, U32) });
type Scratch = Ref<typeof Scratch>;

export function fresh(value: u32): u32 {
  const scratch = local(Scratch);
  fill(scratch, value);
  return scratch.second;
}

function fill(scratch: Scratch, value: u32): void {
  scratch.second = value;
}

/** A struct by value comes from intrinsics only. */
export function features(): u32 {
  const seen = cpuid(1, 0);
  return tryRdmsr(0x10).faulted ? 0 : seen.ecx;
}

/** A let may refer to a local first, and to something else later. */
export function either(other: Scratch, value: u32): u32 {
  let scratch = local(Scratch);
  if (value > 1) scratch = other;
  return scratch.first;
}
