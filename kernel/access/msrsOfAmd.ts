/**
 * MSRs of AMD processors from family 10h on: the first and the last MSR of a range, and its owner. A later line
 * overrides an earlier one, of this list or of msrsOfBoth.ts. The manuals are APM 2, appendix A, and the "BIOS and
 * kernel developer's guides" and "processor programming references" of the families.
 *
 * C001_0000 to C001_0FFF and C001_1000 to C001_11FF hold the machine's configuration, much of it undocumented. Reads
 * reveal nothing secret, and kernels make them without handling #GP. Writes may move memory (IORR, TOP_MEM, RMP_BASE),
 * open system management mode (SMM_KEY, HWCR.SMMLOCK), change what CPUID shows, or change the voltage (P-state
 * definitions). So only writes that a line below permits have an effect.
 */
import { list, U32 } from '../../transpiler/lib/index.js';
import { MsrOwner } from './msrOwner.js';

// prettier-ignore
export const msrsOfAmd = list(U32, [
  0x0000_0830, 0x0000_0830, MsrOwner.command, // ICR of x2APIC mode: INIT and SIPI
  0xc000_0080, 0xc000_0080, MsrOwner.efer, // hides SVME, without which the guest would run no more
  0xc000_00e7, 0xc000_00e9, MsrOwner.processor, // MPERF and APERF to read, IRPERF: counters of the clock and of instructions
  0xc000_0104, 0xc000_0104, MsrOwner.fixed, // TSC_RATIO: scales the time of guests, and the guest has none
  0xc000_0105, 0xc000_0106, MsrOwner.processor, // LWP_CFG, LWP_CBADDR: profiles at level 3, by the guest's page tables
  0xc000_0108, 0xc000_0108, MsrOwner.processor, // PREFETCH_CONTROL
  0xc000_010e, 0xc000_010f, MsrOwner.processor, // LBR_SELECT, DBG_EXTN_CFG: records of branches
  0xc000_0200, 0xc000_02ff, MsrOwner.processor, // bandwidth of memory: shares, not places
  0xc000_0300, 0xc000_0303, MsrOwner.processor, // performance counters: their status and control
  0xc000_03fd, 0xc000_03ff, MsrOwner.processor, // counters of memory bandwidth
  0xc000_0400, 0xc000_0410, MsrOwner.processor, // machine checks: thresholds, their interrupts
  0xc001_0000, 0xc001_0fff, MsrOwner.fixed, // configuration, see above: SYSCFG, IORR, TOP_MEM, MMIO_CFG_BASE, SMM, RMP and more
  0xc001_0000, 0xc001_0007, MsrOwner.processor, // PERF_CTL, PERF_CTR
  0xc001_0015, 0xc001_0015, MsrOwner.partly, // HWCR
  0xc001_001f, 0xc001_001f, MsrOwner.partly, // NB_CFG
  0xc001_0020, 0xc001_0020, MsrOwner.microcode, // PATCH_LOADER: works outside guest mode only
  0xc001_0044, 0xc001_004a, MsrOwner.processor, // masks of machine checks
  0xc001_0062, 0xc001_0062, MsrOwner.processor, // P-state control: chooses among those that the firmware defined
  0xc001_0114, 0xc001_0114, MsrOwner.virtualization, // VM_CR: says that SVM is switched off
  0xc001_0117, 0xc001_0117, MsrOwner.hostSave, // VM_HSAVE_PA: holds the host's state
  0xc001_0118, 0xc001_0119, MsrOwner.refused, // SVM_KEY, SMM_KEY: unlock SVM and system management mode
  0xc001_011b, 0xc001_011b, MsrOwner.refused, // AVIC doorbell: for guests of its own, which a guest has none of
  0xc001_011e, 0xc001_011e, MsrOwner.refused, // VM_PAGE_FLUSH: flushes pages by machine addresses
  0xc001_011f, 0xc001_011f, MsrOwner.processor, // VIRT_SPEC_CTRL: speculation, as 48H
  0xc001_0200, 0xc001_020b, MsrOwner.processor, // performance counters of the core
  0xc001_0230, 0xc001_023b, MsrOwner.processor, // of the L2 or L3 cache
  0xc001_0240, 0xc001_0257, MsrOwner.processor, // of the northbridge or data fabric
  0xc001_0280, 0xc001_0281, MsrOwner.processor, // PTSC: a counter of time
  0xc001_02b0, 0xc001_02b4, MsrOwner.processor, // CPPC: asks for a speed within what CPPC_CAPABILITY allows
  0xc001_02f0, 0xc001_02f1, MsrOwner.processor, // PPIN: the processor's number
  0xc001_0300, 0xc001_031f, MsrOwner.processor, // records of branches
  0xc001_0400, 0xc001_043f, MsrOwner.processor, // masks of machine checks
  0xc001_0800, 0xc001_08ff, MsrOwner.processor, // performance counters of memory controllers
  0xc001_1000, 0xc001_11ff, MsrOwner.partly, // configuration of the core, see above: CPUID overrides, LS_CFG, DE_CFG and more
  0xc001_1019, 0xc001_101b, MsrOwner.processor, // masks of breakpoints; the host has none
  0xc001_1027, 0xc001_1027, MsrOwner.processor,
  0xc001_1030, 0xc001_103d, MsrOwner.processor, // IBS: tells of instructions in registers, the hypervisor's too
]);

/**
 * Banks of machine checks (SMCA). They lie outside the permission map's ranges, so their accesses are always
 * intercepted.
 */
export const AMD_BANKS_FIRST = 0xc000_2000;
export const AMD_BANKS_LAST = 0xc000_2fff;
