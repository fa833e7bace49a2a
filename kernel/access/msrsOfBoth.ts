/**
 * MSRs that both vendors have: the first and the last MSR of a range, and its owner. The manuals are SDM 4 and APM 2,
 * appendix A. The comment beside an MSR that the guest may access says why it cannot harm the hypervisor by it.
 */
import { list, U32 } from '../../transpiler/lib/index.js';
import { MsrOwner } from './msrOwner.js';

// prettier-ignore
export const msrsOfBoth = list(U32, [
  0x0000, 0x0001, MsrOwner.processor, // P5_MC_ADDR, P5_MC_TYPE: other names of a machine check's bank 0
  0x0010, 0x0010, MsrOwner.processor, // TIME_STAMP_COUNTER: the guest's clock; what tsvm measures by it fails safe
  0x001b, 0x001b, MsrOwner.apicBase, // APIC_BASE: could lay the APIC's registers over hidden memory
  0x0048, 0x0049, MsrOwner.processor, // SPEC_CTRL, PRED_CMD: speculation of what follows, which tsvm does not rely on
  0x008b, 0x008b, MsrOwner.processor, // the microcode's revision; a write clears what CPUID then fills in
  0x00e7, 0x00e8, MsrOwner.processor, // MPERF, APERF: counters of the clock
  0x00fe, 0x00fe, MsrOwner.processor, // MTRRCAP: read only
  0x010a, 0x010b, MsrOwner.processor, // ARCH_CAPABILITIES: read only; FLUSH_CMD: writes caches back
  0x0174, 0x0176, MsrOwner.processor, // SYSENTER: the guest's own, saved and loaded at each exit
  0x0179, 0x017b, MsrOwner.processor, // MCG_CAP, MCG_STATUS, MCG_CTL: the guest handles machine checks
  0x01d9, 0x01d9, MsrOwner.processor, // DEBUGCTL: saved and cleared at an exit, or without effect at the host's level
  0x01db, 0x01de, MsrOwner.processor, // LASTBRANCH, LASTINT: tell of branches, the hypervisor's too, which are no secret
  0x0200, 0x023f, MsrOwner.memoryType, // MTRR_PHYSBASE0 to MTRR_PHYSMASK31: could make hidden memory uncached
  0x0250, 0x0250, MsrOwner.memoryType, // MTRR_FIX64K
  0x0258, 0x0259, MsrOwner.memoryType, // MTRR_FIX16K
  0x0268, 0x026f, MsrOwner.memoryType, // MTRR_FIX4K
  0x0277, 0x0277, MsrOwner.processor, // PAT: guest and host have one each
  0x02ff, 0x02ff, MsrOwner.memoryType, // MTRR_DEF_TYPE: could make all memory uncached
  0x0400, 0x047f, MsrOwner.processor, // banks of machine checks
  0x06a0, 0x06a0, MsrOwner.processor, // U_CET: counts at privilege level 3
  0x06a2, 0x06a2, MsrOwner.processor, // S_CET: counts with CR4.CET, which is clear in the host
  0x06a4, 0x06a8, MsrOwner.processor, // PL0_SSP to INTERRUPT_SSP_TABLE: count with CR4.CET, too
  0x06e0, 0x06e0, MsrOwner.processor, // TSC_DEADLINE: the guest's timer; its interrupt waits for the guest
  0x0800, 0x08ff, MsrOwner.processor, // the local APIC in x2APIC mode: the guest's, but for commands on AMD-V
  0x0c8d, 0x0d8f, MsrOwner.processor, // QM_EVTSEL, PQR_ASSOC, masks of cache and bandwidth: shares, not places
  0x0da0, 0x0da0, MsrOwner.processor, // XSS: states whose registers are named in this list
  0xc000_0081, 0xc000_0084, MsrOwner.processor, // STAR, LSTAR, CSTAR, SFMASK: the host makes no system calls
  0xc000_0100, 0xc000_0103, MsrOwner.processor, // FS_BASE, GS_BASE, KERNEL_GS_BASE: each world has its own; TSC_AUX
]);
