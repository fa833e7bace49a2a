/**
 * MSRs of Intel processors from Nehalem on: the first and the last MSR of a range, and its owner. A later line
 * overrides an earlier one, of this list or of msrsOfBoth.ts. The manual is SDM 4.
 *
 * Firmware sets the MSRs of MsrOwner.fixed and mostly locks them: they say where protected memory lies (SMRR, PRMRR,
 * SEAMRR, TME), or limit the processor's speed and voltage.
 */
import { list, U32 } from '../../transpiler/lib/index.js';
import { MsrOwner } from './msrOwner.js';

// prettier-ignore
export const msrsOfIntel = list(U32, [
  0x0006, 0x0006, MsrOwner.processor, // MONITOR_FILTER_SIZE: for MWAIT, which does not exit
  0x0017, 0x0017, MsrOwner.processor, // PLATFORM_ID: read only
  0x002a, 0x002c, MsrOwner.fixed, // EBL_CR_POWERON, EBC_FREQUENCY_ID: straps of the bus
  0x0033, 0x0033, MsrOwner.partly, // TEST_CTRL
  0x0034, 0x0035, MsrOwner.processor, // SMI_COUNT, CORE_THREAD_COUNT: read only
  // FEATURE_CONTROL is locked (vmx/control/enable.ts), so writes raise #GP as on the bare machine. It reads as if the
  // firmware allowed VMX, which promises nothing: software looks for VMX in CPUID first (SDM 3C 23.6).
  0x003a, 0x003b, MsrOwner.processor, // FEATURE_CONTROL; TSC_ADJUST: the guest's clock
  0x0040, 0x0047, MsrOwner.processor, // LASTBRANCH_FROM: records of branches
  0x004e, 0x004f, MsrOwner.processor, // PPIN: the processor's number
  0x0060, 0x0067, MsrOwner.processor, // LASTBRANCH_TO
  0x0079, 0x0079, MsrOwner.microcode, // BIOS_UPDT_TRIG: works in root operation only
  0x0087, 0x0087, MsrOwner.fixed, // MKTME_KEYID_PARTITIONING: read only
  0x008c, 0x008f, MsrOwner.processor, // SGXLEPUBKEYHASH: who may launch the guest's enclaves
  0x009b, 0x009b, MsrOwner.fixed, // SMM_MONITOR_CTL: a monitor of system management mode, by machine address
  0x009e, 0x009e, MsrOwner.fixed, // SMBASE
  0x00bc, 0x00bd, MsrOwner.processor, // MISC_PACKAGE_CTLS, XAPIC_DISABLE_STATUS
  0x00c1, 0x00c8, MsrOwner.processor, // performance counters; they go on in root operation
  0x00cd, 0x00cd, MsrOwner.processor, // FSB_FREQ: read only
  0x00ce, 0x00cf, MsrOwner.fixed, // PLATFORM_INFO, CORE_CAPABILITIES
  0x00e1, 0x00e2, MsrOwner.processor, // UMWAIT_CONTROL, PKG_CST_CONFIG_CONTROL: how deep the processor sleeps
  0x00e3, 0x00e4, MsrOwner.fixed, // PMG_IO_CAPTURE_BASE: ports that put the processor to sleep
  0x010f, 0x010f, MsrOwner.processor, // TSX_FORCE_ABORT
  0x0119, 0x011e, MsrOwner.fixed, // BBL_CR_CTL and the like: the L2 cache
  0x0122, 0x0123, MsrOwner.processor, // TSX_CTRL, MCU_OPT_CTRL: transactions, speculation
  0x013c, 0x013c, MsrOwner.fixed, // FEATURE_CONFIG: switches AES off
  0x0140, 0x0140, MsrOwner.processor, // MISC_FEATURES_ENABLES: CPUID and MWAIT at privilege level 3
  0x0150, 0x0151, MsrOwner.refused, // OC_MAILBOX: sets voltages, by which computation can be made to fail
  0x017d, 0x017d, MsrOwner.fixed, // SMM_MCA_CAP: read only
  0x017f, 0x017f, MsrOwner.processor, // ERROR_CONTROL: which machine checks are told
  0x0180, 0x0193, MsrOwner.processor, // MCG state, PERFEVTSEL: performance counters
  0x0194, 0x0195, MsrOwner.fixed, // FLEX_RATIO, OVERCLOCKING_STATUS
  0x0198, 0x0198, MsrOwner.fixed, // PERF_STATUS: read only
  0x0199, 0x019d, MsrOwner.processor, // PERF_CTL, CLOCK_MODULATION, THERM: a speed among those that the processor allows
  0x01a0, 0x01a0, MsrOwner.partly, // MISC_ENABLE
  0x01a2, 0x01a2, MsrOwner.processor, // TEMPERATURE_TARGET: at which temperature it slows down
  0x01a4, 0x01a7, MsrOwner.processor, // MISC_FEATURE_CONTROL: prefetching; OFFCORE_RSP: what counters count
  0x01aa, 0x01af, MsrOwner.fixed, // MISC_PWR_MGMT, TURBO_POWER_CURRENT_LIMIT, TURBO_RATIO_LIMIT
  0x01b0, 0x01b2, MsrOwner.processor, // ENERGY_PERF_BIAS, PACKAGE_THERM
  0x01c4, 0x01c5, MsrOwner.processor, // XFD, XFD_ERR: which state raises #NM
  0x01c8, 0x01c9, MsrOwner.processor, // LBR_SELECT, LASTBRANCH_TOS
  0x01cc, 0x01d4, MsrOwner.processor, // FRED: counts with CR4.FRED, which is clear in the host
  0x01f2, 0x01f5, MsrOwner.fixed, // SMRR, PRMRR: memory of system management mode and of enclaves
  0x01f8, 0x01fa, MsrOwner.processor, // DCA: how devices fill caches
  0x01fc, 0x01fc, MsrOwner.processor, // POWER_CTL: C1E
  0x0280, 0x029f, MsrOwner.processor, // MC_CTL2: interrupts of corrected machine checks
  0x02a0, 0x02af, MsrOwner.fixed, // PRMRR_BASE
  0x02d9, 0x02d9, MsrOwner.fixed, // INTEGRITY_CAPABILITIES; the MSRs below, which load tests from memory, are in no list
  0x02f4, 0x02f5, MsrOwner.fixed, // UNCORE_PRMRR
  0x0309, 0x0318, MsrOwner.processor, // FIXED_CTR
  0x0329, 0x0329, MsrOwner.processor, // PERF_METRICS
  0x0345, 0x0345, MsrOwner.processor, // PERF_CAPABILITIES: read only
  0x038d, 0x0397, MsrOwner.processor, // FIXED_CTR_CTRL, PERF_GLOBAL, counters outside the cores
  0x03b0, 0x03b7, MsrOwner.processor, // counters outside the cores
  0x03c0, 0x03c7, MsrOwner.processor,
  0x03f1, 0x03f5, MsrOwner.absent, // PEBS_ENABLE and the like: write to memory in root operation
  0x03f6, 0x03ff, MsrOwner.processor, // PEBS_LD_LAT, PEBS_FRONTEND: count without PEBS, too; how long it slept
  0x0480, 0x0493, MsrOwner.absent, // VMX does not exist for the guest
  0x04c1, 0x04d0, MsrOwner.processor, // A_PMC: performance counters; MCG_EXT_CTL
  0x04e0, 0x04e3, MsrOwner.fixed, // SMM_FEATURE_CONTROL and the like: for system management mode only
  0x0500, 0x0500, MsrOwner.fixed, // SGX_SVN_STATUS: read only
  0x0560, 0x058f, MsrOwner.absent, // RTIT: Intel PT writes to memory past the page tables
  0x0600, 0x0600, MsrOwner.absent, // DS_AREA: where debug stores go, in root operation too
  0x0601, 0x0603, MsrOwner.fixed, // VR_CURRENT_CONFIG, VR_MISC_CONFIG: limits of the voltage regulator
  0x0606, 0x0664, MsrOwner.processor, // RAPL, IRTL, UNCORE_RATIO_LIMIT, residencies: limits of power, counters
  0x0648, 0x064c, MsrOwner.fixed, // CONFIG_TDP, TURBO_ACTIVATION_RATIO
  0x0650, 0x0650, MsrOwner.fixed, // SECONDARY_TURBO_RATIO_LIMIT
  0x0668, 0x0669, MsrOwner.processor, // CC6_DEMOTION_POLICY, MC6_DEMOTION_POLICY: how deep it sleeps
  0x066a, 0x066d, MsrOwner.fixed, // ATOM_CORE_RATIOS, ATOM_CORE_VIDS
  0x0680, 0x069f, MsrOwner.processor, // LASTBRANCH_FROM; PERF_LIMIT_REASONS
  0x06b0, 0x06b1, MsrOwner.processor, // PERF_LIMIT_REASONS
  0x06c0, 0x06df, MsrOwner.processor, // LASTBRANCH_TO
  0x06e1, 0x06e1, MsrOwner.processor, // PKRS: counts for supervisor pages with CR4.PKS, which is clear in the host
  0x0700, 0x07bf, MsrOwner.processor, // counters outside the cores; HWP: asks for a speed that the processor allows
  0x0981, 0x0984, MsrOwner.fixed, // TME: which memory is encrypted
  0x0985, 0x098a, MsrOwner.processor, // UINTR: user interrupts, by the guest's page tables
  0x0990, 0x0991, MsrOwner.processor, // Key Locker
  0x0c00, 0x0fff, MsrOwner.processor, // counters outside the cores; RDT; BNDCFGS, PASID, XSS, HDC
  0x1200, 0x121f, MsrOwner.processor, // LBR_INFO
  0x1309, 0x130b, MsrOwner.processor, // performance counters that start over by themselves
  0x1400, 0x1401, MsrOwner.fixed, // SEAMRR: memory of a trusted domain's module
  0x14c1, 0x14cf, MsrOwner.processor, // the same counters; LBR_CTL, LBR_DEPTH
  0x1500, 0x151f, MsrOwner.processor, // LBR_FROM
  0x1600, 0x161f, MsrOwner.processor, // LBR_TO
  0x17d0, 0x17d0, MsrOwner.feedback, // HW_FEEDBACK_PTR: writes past the page tables
  0x17d1, 0x17da, MsrOwner.processor, // HW_FEEDBACK_CONFIG, THREAD_FEEDBACK, HRESET_ENABLE
  0x1900, 0x1fff, MsrOwner.processor, // performance counters of version 6; counters outside the cores
  0xc000_0080, 0xc000_0080, MsrOwner.processor, // EFER: guest and host have one each
]);

/** Counters outside the cores. They lie outside the bitmap's ranges, so their accesses are always intercepted. */
export const INTEL_COUNTERS_FIRST = 0x2000;
export const INTEL_COUNTERS_LAST = 0x3fff;
