/** MSRs and bits that SVM adds or depends on (APM 2, 3.1 and 15.30). */

/** Bits of EFER that AMD defines (APM 2, 3.1.7). */
export const EFER_SCE = 1n << 0n;
export const EFER_SVME = 1n << 12n;
export const EFER_FFXSR = 1n << 14n;
export const EFER_TCE = 1n << 15n;
export const EFER_MCOMMIT = 1n << 17n;
export const EFER_INTWB = 1n << 18n;
export const EFER_UAIE = 1n << 20n;
export const EFER_AIBRSE = 1n << 21n;

/** Virtual machine control register (APM 2, 15.30.1). */
export const VM_CR = 0xc001_0114;
/** An INIT raises #SX instead of resetting the processor. */
export const VM_CR_R_INIT = 1n << 1n;
export const VM_CR_LOCK = 1n << 3n;
export const VM_CR_SVM_DISABLED = 1n << 4n;

/** Address of the page in which VMRUN saves the host's state (APM 2, 15.30.4). */
export const VM_HSAVE_PA = 0xc001_0117;

export const DR6_BS = 1n << 14n;
