/** Which of the two kinds of hardware virtualization the processors have. */
import { at, instance, min32, struct, U32, type u32 } from '../../transpiler/lib/index.js';

export const Vendor = { svm: 0, vmx: 1 } as const;
export type Vendor = (typeof Vendor)[keyof typeof Vendor];
/** Number of vendors: the length of a table with an entry for each. */
export const VENDORS = 2;
const LAST_VENDOR = 1;

const Choice = struct('Choice', { size: 4 }, { vendor: at(0, U32) });
const choice = instance(Choice);

/** The kind that kernel/run/vendor.ts chose at start-up. */
export function vendor(): u32 {
  return min32(choice.vendor, LAST_VENDOR);
}

/** Sets the kind, once, at start-up. */
export function setVendor(kind: Vendor): void {
  choice.vendor = kind;
}
