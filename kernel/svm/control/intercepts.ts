/**
 * What is intercepted, and why. Everything else the guest does on the real machine without a VM exit: interrupts,
 * control and debug registers, TSC, HLT, CPUID, and all ports and MSRs that permissionMaps.ts does not name.
 */
import { u32 } from '../../../transpiler/lib/index.js';
import { takesSmis } from './smi.js';
import type { Vmcb } from './vmcb.js';

// Intercepted exceptions (VMCB offset 008h). A guest whose #DB or #AC raises itself again during delivery would
// otherwise occupy the processor for ever (CVE-2015-8104, CVE-2015-5307).
const DEBUG_EXCEPTION = 1 << 1;
const ALIGNMENT_CHECK = 1 << 17;
// A machine check may have hit the hypervisor: see machineCheck.ts.
const MACHINE_CHECK = 1 << 18;
const NMI_VECTOR = 1 << 2; // no exception has this vector

// Intercepted instructions and events (VMCB offset 00ch; APM 2, table B-1).
const NMI = 1 << 1; // requests of other processors come by NMI: see kernel/vcpu/sipi.ts
const SMI = 1 << 2; // on QEMU with UEFI only: see smi.ts
const INIT = 1 << 3; // an INIT resets the processor and with it EFER.SVME: the guest would escape
const IRET = 1 << 20; // only while the guest handles an NMI, as for HLT and PAUSE
const INVD = 1 << 22; // would drop the hypervisor's own writes that are only in the caches
const PAUSE = 1 << 23; // an NMI handler that never ends loops with it, or with HLT, and takes no further NMI
const HLT = 1 << 24;
const INVLPGA = 1 << 26; // an SVM instruction, and SVM is off for the guest
const IOIO_PROT = 1 << 27; // enables the I/O permission map
const MSR_PROT = 1 << 28; // enables the MSR permission map
const SHUTDOWN = 0x8000_0000; // bit 31: a triple fault would otherwise reset the machine without a message

// More intercepted instructions (VMCB offset 010h; APM 2, table B-1). SVM is disabled for the guest, so they raise #UD.
export const VMRUN = 1 << 0; // the processor requires this intercept (APM 2, 15.5.1)
const VMMCALL = 1 << 1; // hypercalls
const VMLOAD = 1 << 2;
const VMSAVE = 1 << 3;
const STGI = 1 << 4;
const CLGI = 1 << 5;
const SKINIT = 1 << 6;

/** Sets the intercepts of the guest's `vmcb`. */
export function setIntercepts(vmcb: Vmcb): void {
  vmcb.interceptExceptions = DEBUG_EXCEPTION | ALIGNMENT_CHECK | MACHINE_CHECK;
  vmcb.interceptInstructions1 = u32((takesSmis() ? SMI : 0) | INIT | INVD | INVLPGA | IOIO_PROT | MSR_PROT | SHUTDOWN);
  expectNmis(vmcb);
  vmcb.interceptInstructions2 = VMRUN | VMMCALL | VMLOAD | VMSAVE | STGI | CLGI | SKINIT;
}

/**
 * Intercepts while the guest handles an NMI: the end of the handler, and the instructions by which it may wait for
 * ever.
 */
const HANDLING = IRET | PAUSE | HLT;

/** Makes the next NMI cause a VM exit: the guest of `vmcb` handles none. */
export function expectNmis(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~HANDLING) | NMI);
}

/**
 * Lets the guest of `vmcb` take one NMI. Until its IRET it takes no other, so the instructions in HANDLING are
 * intercepted instead.
 */
export function expectEndOfNmi(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~NMI) | HANDLING);
}

/** Stops intercepting HLT in the NMI handler of the guest of `vmcb`: an interrupt will end it. */
export function permitHalt(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(vmcb.interceptInstructions1 & ~HLT);
}

/**
 * Sets the intercepts of the parking guest's `vmcb` (parkingGuest.ts): its VMMCALL, INIT and shutdown, SMI where
 * needed, and every exception, none of which its code raises. NMI is not intercepted: the parking guest exists to take
 * NMIs.
 */
export function setParkingIntercepts(vmcb: Vmcb): void {
  vmcb.interceptExceptions = u32(~NMI_VECTOR);
  vmcb.interceptInstructions1 = u32((takesSmis() ? SMI : 0) | INIT | SHUTDOWN);
  vmcb.interceptInstructions2 = VMRUN | VMMCALL;
}
