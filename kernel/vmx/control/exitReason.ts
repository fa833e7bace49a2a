/**
 * Basic exit reasons (SDM 3D, appendix C). `other` stands for every higher number, and for failed VM entries. Each comment says what the
 * guest did; `npm run docs` and tsvm-stat take it from here.
 */
export const ExitReason = {
  /** raised `#DB` or `#AC`, and got it */
  exception: 0,
  /** triple fault: the machine resets or halts */
  tripleFault: 2,
  /** got an INIT: the BSP resets the machine, any other waits for a SIPI */
  init: 3,
  /** got the SIPI that it waited for, and starts */
  sipi: 4,
  /** switched tasks by a task gate or task state */
  taskSwitch: 9,
  /** executed `CPUID`: the processor's answer, without VMX, Intel PT and debug stores */
  cpuid: 10,
  /** executed `GETSEC`: `#UD` */
  getsec: 11,
  /** executed `INVD`: `WBINVD` was done */
  invd: 13,
  /** made a hypercall */
  vmcall: 18,
  /** executed `VMCLEAR`: `#UD` */
  vmclear: 19,
  /** executed `VMLAUNCH`: `#UD` */
  vmlaunch: 20,
  /** executed `VMPTRLD`: `#UD` */
  vmptrld: 21,
  /** executed `VMPTRST`: `#UD` */
  vmptrst: 22,
  /** executed `VMREAD`: `#UD` */
  vmread: 23,
  /** executed `VMRESUME`: `#UD` */
  vmresume: 24,
  /** executed `VMWRITE`: `#UD` */
  vmwrite: 25,
  /** executed `VMXOFF`: `#UD` */
  vmxoff: 26,
  /** executed `VMXON`: `#UD` */
  vmxon: 27,
  /** changed `CR0.NE`, or set `CR4.VMXE`, which raises `#GP` */
  controlRegister: 28,
  /** accessed a register of sleep, or ports beyond `FFFFH` */
  port: 30,
  /**
   * read a register of VMX, Intel PT or debug stores, an MSR that it does not have or one outside the MSR bitmap, or a memory type after
   * a write that did not reach it
   */
  rdmsr: 31,
  /** wrote one of these, an MTRR, MISC_ENABLE, APIC_BASE or configuration, or loaded microcode */
  wrmsr: 32,
  /** accessed memory that tsvm keeps */
  eptViolation: 48,
  /** executed `INVEPT`: `#UD` */
  invept: 50,
  /** nothing: a timer of tsvm ran out */
  preemptionTimer: 52,
  /** executed `INVVPID`: `#UD` */
  invvpid: 53,
  /** executed `XSETBV` */
  xsetbv: 55,
  /** executed `VMFUNC`: `#UD` */
  vmfunc: 59,
  /** executed `XSAVES` for the state of Intel PT: `#GP` */
  xsaves: 63,
  /** executed `XRSTORS` for the state of Intel PT: `#GP` */
  xrstors: 64,
  /** executed `SEAMCALL`: `#UD` */
  seamcall: 76,
  /** executed `TDCALL`: `#UD` */
  tdcall: 77,
  /** read a watched MSR by an `RDMSR` that names it: `#UD` */
  readMsrImmediate: 84,
  /** wrote a watched MSR by a `WRMSRNS` that names it: `#UD` */
  writeMsrImmediate: 85,
  /** executed an instruction that tsvm does not know: `#UD`; also any reason from 86 on, and entries that failed */
  other: 86,
} as const;

/** Not a reason: larger than all reasons. */
export const NO_REASON = 0xffff;
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
