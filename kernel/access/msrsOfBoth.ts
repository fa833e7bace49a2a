/**
 * MSRs that both vendors have: the first and the last MSR of a range, and its owner. The manuals are SDM 4 and APM 2,
 * appendix A. The comment beside an MSR that the guest may access says why it cannot harm the hypervisor by it.
 */
import { list, U32 } from '../../transpiler/lib/index.js';
import { Owner } from './msrOwner.js';

// prettier-ignore
export const msrsOfBoth = list(U32, [
  0x0000, 0x0001, Owner.processor, // P5_MC_ADDR, P5_MC_TYPE: other names of a machine check's bank 0
  0x0010, 0x0010, Owner.processor, // TIME_STAMP_COUNTER: the guest's clock; what tsvm measures by it fails safe
  0x001b, 0x001b, Owner.apicBase, // APIC_BASE: could lay the APIC's registers over hidden memory
  0x0048, 0x0049, Owner.processor, // SPEC_CTRL, PRED_CMD: speculation of what follows, which tsvm does not rely on
  0x008b, 0x008b, Owner.processor, // the microcode's revision; a write clears what CPUID then fills in
  0x00e7, 0x00e8, Owner.processor, // MPERF, APERF: counters of the clock
  0x00fe, 0x00fe, Owner.processor, // MTRRCAP: read only
  0x010a, 0x010b, Owner.processor, // ARCH_CAPABILITIES: read only; FLUSH_CMD: writes caches back
  0x0174, 0x0176, Owner.processor, // SYSENTER: the guest's own, saved and loaded at each exit
  0x0179, 0x017b, Owner.processor, // MCG_CAP, MCG_STATUS, MCG_CTL: the guest handles machine checks
  0x01d9, 0x01d9, Owner.processor, // DEBUGCTL: saved and cleared at an exit, or without effect at the host's level
  0x01db, 0x01de, Owner.processor, // LASTBRANCH, LASTINT: tell of branches, the hypervisor's too, which are no secret
  0x0200, 0x023f, Owner.memoryType, // MTRR_PHYSBASE0 to MTRR_PHYSMASK31: could make hidden memory uncached
  0x0250, 0x0250, Owner.memoryType, // MTRR_FIX64K
  0x0258, 0x0259, Owner.memoryType, // MTRR_FIX16K
  0x0268, 0x026f, Owner.memoryType, // MTRR_FIX4K
  0x0277, 0x0277, Owner.processor, // PAT: guest and host have one each
  0x02ff, 0x02ff, Owner.memoryType, // MTRR_DEF_TYPE: could make all memory uncached
  0x0400, 0x047f, Owner.processor, // banks of machine checks
  0x06a0, 0x06a0, Owner.processor, // U_CET: counts at privilege level 3
  0x06a2, 0x06a2, Owner.processor, // S_CET: counts with CR4.CET, which is clear in the host
  0x06a4, 0x06a8, Owner.processor, // PL0_SSP to INTERRUPT_SSP_TABLE: the same
  0x06e0, 0x06e0, Owner.processor, // TSC_DEADLINE: the guest's timer; its interrupt waits for the guest
  0x0800, 0x08ff, Owner.processor, // the local APIC in x2APIC mode: the guest's, but for commands on AMD-V
  0x0c8d, 0x0d8f, Owner.processor, // QM_EVTSEL, PQR_ASSOC, masks of cache and bandwidth: shares, not places
  0x0da0, 0x0da0, Owner.processor, // XSS: states whose registers are named in this list
  0xc000_0081, 0xc000_0084, Owner.processor, // STAR, LSTAR, CSTAR, SFMASK: the host makes no system calls
  0xc000_0100, 0xc000_0103, Owner.processor, // FS_BASE, GS_BASE, KERNEL_GS_BASE: each world has its own; TSC_AUX
]);
