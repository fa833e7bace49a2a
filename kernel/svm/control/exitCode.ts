/**
 * Exit codes, as EXITCODE has them (APM 2, appendix C). Each comment says what the guest did; `npm run docs` and tsvm-stat take it from
 * here.
 */
export const ExitCode = {
  /** raised `#DB`, and got it */
  debugException: 0x41,
  /** raised `#AC`, and got it */
  alignmentCheck: 0x51,
  /** raised `#MC`, and got it: where that may have hit tsvm, the node has ended */
  machineCheck: 0x52,
  /** got an NMI, or another processor sent this one an INIT or SIPI */
  nmi: 0x61,
  /** a system-management interrupt came while it ran */
  smi: 0x62,
  /** got an INIT that no ICR sent: the BSP resets the machine, any other waits for a SIPI, or stands still */
  init: 0x63,
  /** ended the handler of an NMI */
  iret: 0x74,
  /** executed `INVD`: `WBINVD` was done */
  invd: 0x76,
  /** executed `PAUSE` in the handler of an NMI */
  pause: 0x77,
  /** executed `HLT` in the handler of an NMI: with interrupts off it halts until it is reset */
  hlt: 0x78,
  /** executed `INVLPGA`: `#UD` */
  invlpga: 0x7a,
  /** accessed a register of sleep */
  port: 0x7b,
  /**
   * accessed EFER, VM_CR or VM_HSAVE_PA, an MSR that it does not have or one outside the permission map, wrote an MTRR, APIC_BASE, the
   * command register of x2APIC mode, the microcode loader or configuration
   */
  msr: 0x7c,
  /** triple fault: the machine resets or halts */
  shutdown: 0x7f,
  /** executed `VMRUN`: `#UD` */
  vmrun: 0x80,
  /** made a hypercall, or got an NMI while it waited for a SIPI */
  vmmcall: 0x81,
  /** executed `VMLOAD`: `#UD` */
  vmload: 0x82,
  /** executed `VMSAVE`: `#UD` */
  vmsave: 0x83,
  /** executed `STGI`: `#UD` */
  stgi: 0x84,
  /** executed `CLGI`: `#UD` */
  clgi: 0x85,
  /** executed `SKINIT`: `#UD` */
  skinit: 0x86,
  /** wrote to its local APIC, or accessed memory that tsvm keeps */
  nestedPageFault: 0x400,
} as const;
