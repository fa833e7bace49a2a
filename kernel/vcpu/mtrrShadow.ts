import { arr, at, BOOL, struct, U64, type Ref } from '../../transpiler/lib/index.js';

/** Number of shadowed MTRRs: two for each of 32 variable ranges, the fixed ranges, and MTRR_DEF_TYPE. */
export const MTRR_REGISTERS = 76;

/** Values that the guest wrote to MTRRs while the real registers kept theirs (kernel/space/mtrrShadow.ts). */
export const MtrrShadow = struct(
  'MtrrShadow',
  { size: 0x2b0 },
  { isShadowed: at(0, arr(BOOL, MTRR_REGISTERS)), values: at(0x50, arr(U64, MTRR_REGISTERS)) },
);
export type MtrrShadow = Ref<typeof MtrrShadow>;
