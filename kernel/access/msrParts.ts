/**
 * MSRs of which a guest may change some bits: those that kernels change as workarounds for errata or to save power. The
 * other bits are undocumented, or would disable something that the hypervisor depends on.
 */
import { list, U32, U64, type u32, type u64 } from '../../transpiler/lib/index.js';

const numbers = list(
  U32,
  [
    0x33, 0x1a0, 0xc001_0015, 0xc001_001f, 0xc001_1004, 0xc001_1005, 0xc001_1020, 0xc001_1021, 0xc001_1028, 0xc001_1029,
    0xc001_102a, 0xc001_102e, 0xc001_10e3,
  ],
);

/** The changeable bits of each MSR, in the order of `numbers`. */
// prettier-ignore
const parts = list(U64, [
  // TEST_CTRL: #AC for locks on two cache lines (29). Not: a fault for locks on memory that is not cached (28), which the hypervisor
  // would get where it marks the guest's page tables in such memory (space/guestRights.ts); how locks work (31).
  0x2000_0000n,
  // MISC_ENABLE: fast strings (0), thermal control (1, 3, 13), prefetchers (9, 19, 37, 39), FERR (10), SpeedStep (16, 20),
  // MONITOR (18), the last CPUID leaf (22), xTPR (23), the L1 cache's mode (24), turbo (38). Not: XD bit disable (34),
  // with which the processor could not load the hypervisor's EFER at an exit; locks on two lines (4), the L3 cache (6), locks (8).
  0xe0_01dd_260bn,
  // HWCR: MONITOR (9, 10), boost (25), the counter of instructions (30), CPUID at level 3 (35). Not: SMMLOCK (0), caching of
  // page tables (3), McStatusWrEn (18), with which a guest could make up machine checks.
  0x8_4200_0600n,
  // NB_CFG: extended PCI configuration by ports (46), which Linux switches on
  0x4000_0000_0000n,
  // The features of CPUID 1: RDRAND (62), which Linux hides where it may fail after S3
  0x4000_0000_0000_0000n,
  // The features of CPUID 8000_0001: extended topology (54), which Linux shows where firmware does not
  0x40_0000_0000_0000n,
  // LS_CFG: errata 793 (15), 1033 (4) and 1095 (57); no speculative bypass of stores (10, 33, 54)
  0x240_0002_0000_8410n,
  // IC_CFG: the way access filter (1 to 4), erratum 688 (3, 14)
  0x401en,
  // FP_CFG: erratum 1049 (4); how Zen 1 divides numbers that are not normal (9)
  0x210n,
  // DE_CFG: errata 721 (0), 665 (31), 1021 (13); LFENCE serializes (1); Zenbleed (9)
  0x8000_2203n,
  // BU_CFG2: whether write-combining memory stays so under nested paging (24), family 10h
  0x100_0000n,
  // BP_CFG: predictors shared by threads (4, 5)
  0x30n,
  // Bit 1, Linux's "spectral chicken" bit: speculation of branches on Zen 2
  0x2n,
]);

/** The bits of the MSR `number` that a guest may change. */
export function changeableBits(number: u32): u64 {
  for (let i: u32 = 0; i < numbers.length; i++) {
    if (numbers.get(i) === number) return parts.get(i);
  }
  return 0n;
}
