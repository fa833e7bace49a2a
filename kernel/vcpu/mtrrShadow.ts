import { arr, at, BOOL, struct, U64, type Ref } from '../../transpiler/lib/index.js';

/** The registers of 32 variable ranges, then those of the fixed ranges, then MTRR_DEF_TYPE. */
export const MTRR_REGISTERS = 76;

/** What the guest wrote to MTRRs that kept their value (kernel/space/mtrrShadow.ts). */
export const MtrrShadow = struct(
  'MtrrShadow',
  { size: 0x2b0 },
  { isShadowed: at(0, arr(BOOL, MTRR_REGISTERS)), values: at(0x50, arr(U64, MTRR_REGISTERS)) },
);
export type MtrrShadow = Ref<typeof MtrrShadow>;
