/** The model-specific registers and control bits that SVM adds or depends on (APM 2, 3.1 and 15.30). */

/** Extended feature enable register (APM 2, 3.1.7). */
export const EFER = 0xc000_0080;
export const EFER_SCE = 1n << 0n;
export const EFER_LME = 1n << 8n;
export const EFER_LMA = 1n << 10n;
export const EFER_NXE = 1n << 11n;
export const EFER_SVME = 1n << 12n;
export const EFER_FFXSR = 1n << 14n;
export const EFER_TCE = 1n << 15n;
export const EFER_MCOMMIT = 1n << 17n;
export const EFER_INTWB = 1n << 18n;
export const EFER_UAIE = 1n << 20n;
export const EFER_AIBRSE = 1n << 21n;

/** Virtual machine control register (APM 2, 15.30.1). */
export const VM_CR = 0xc001_0114;
export const VM_CR_LOCK = 1n << 3n;
export const VM_CR_SVM_DISABLED = 1n << 4n;

/** Where VMRUN saves the host's state (APM 2, 15.30.4). */
export const VM_HSAVE_PA = 0xc001_0117;

/** Local APIC base address (APM 2, 16.3.1). */
export const APIC_BASE = 0x1b;

/** Takes the address of a microcode patch (APM 2, appendix A). */
export const PATCH_LOADER = 0xc001_0020;

/** Page attribute table (APM 2, 7.8). */
export const PAT = 0x277;

export const CR0_PE = 1n << 0n;
export const CR0_ET = 1n << 4n;
export const CR0_NE = 1n << 5n;
export const CR0_WP = 1n << 16n;
export const CR0_PG = 1n << 31n;
export const CR4_PAE = 1n << 5n;
export const CR4_LA57 = 1n << 12n;

export const RFLAGS_RESERVED_ONE = 1n << 1n;
export const RFLAGS_TF = 1n << 8n;
/** Values at reset (APM 2, 13.1.1). */
export const DR6_RESET = 0xffff_0ff0n;
export const DR6_BS = 1n << 14n;
export const DR7_RESET = 0x400n;
