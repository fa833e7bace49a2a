/** Basic exit reasons (SDM 3D, appendix C). `other` stands for every higher number, and for failed VM entries. */
export const ExitReason = {
  exception: 0,
  tripleFault: 2,
  init: 3,
  sipi: 4,
  taskSwitch: 9,
  cpuid: 10,
  getsec: 11,
  invd: 13,
  vmcall: 18,
  vmclear: 19,
  vmlaunch: 20,
  vmptrld: 21,
  vmptrst: 22,
  vmread: 23,
  vmresume: 24,
  vmwrite: 25,
  vmxoff: 26,
  vmxon: 27,
  controlRegister: 28,
  port: 30,
  rdmsr: 31,
  wrmsr: 32,
  eptViolation: 48,
  invept: 50,
  preemptionTimer: 52,
  invvpid: 53,
  xsetbv: 55,
  vmfunc: 59,
  xsaves: 63,
  xrstors: 64,
  seamcall: 76,
  tdcall: 77,
  readMsrImmediate: 84,
  writeMsrImmediate: 85,
  other: 86,
  /** Not a reason: larger than all reasons. */
  none: 0xffff,
} as const;

/** Number of reasons. */
export const VMX_REASONS = 87;
export const LAST_VMX_REASON = 86;

/**
 * The low half of the exit reason is the basic one. The high half has flags, such as that of exits from enclaves (SDM
 * 3C 24.9.1).
 */
export const BASIC_REASON = 0xffff;
/** Flag: the VM entry failed. */
export const ENTRY_FAILED = 0x8000_0000;
