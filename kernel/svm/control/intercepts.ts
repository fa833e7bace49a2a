/**
 * What leaves the guest, and why. All else the guest does with the real machine: interrupts, control and debug registers,
 * TSC, HLT, CPUID, and every port and MSR not named in permissionMaps.ts.
 */
import { u32 } from '../../../transpiler/lib/index.js';
import { takesSmis } from './smi.js';
import type { Vmcb } from './vmcb.js';

// Exceptions, VMCB offset 008h: a guest whose #DB or #AC raises itself again while it is delivered
// would hold the processor for ever (CVE-2015-8104, CVE-2015-5307).
const DEBUG_EXCEPTION = 1 << 1;
const ALIGNMENT_CHECK = 1 << 17;
// It may have hit the hypervisor: see machineCheck.ts.
const MACHINE_CHECK = 1 << 18;
const NMI_VECTOR = 1 << 2; // no exception has this vector

// VMCB offset 00ch (APM 2, table B-1).
const NMI = 1 << 1; // calls of other processors: see kernel/vcpu/sipi.ts
const SMI = 1 << 2; // on QEMU with UEFI only: see smi.ts
const INIT = 1 << 3; // resets the processor and with it EFER.SVME: the guest would escape
const IRET = 1 << 20; // while the guest handles an NMI that left it, as HLT and PAUSE do
const INVD = 1 << 22; // would drop what of the hypervisor's own writes is in the caches only
const PAUSE = 1 << 23; // a handler of NMIs that never ends waits with it, or with HLT, and takes no call
const HLT = 1 << 24;
const INVLPGA = 1 << 26; // an SVM instruction, and SVM is off for the guest
const IOIO_PROT = 1 << 27; // makes the I/O permission map count
const MSR_PROT = 1 << 28; // makes the MSR permission map count
const SHUTDOWN = 0x8000_0000; // bit 31: a triple fault would reset the machine without a word

// VMCB offset 010h (APM 2, table B-1). SVM is off for the guest, so its instructions raise #UD.
export const VMRUN = 1 << 0; // the processor also insists on it (APM 2, 15.5.1)
const VMMCALL = 1 << 1; // hypercalls
const VMLOAD = 1 << 2;
const VMSAVE = 1 << 3;
const STGI = 1 << 4;
const CLGI = 1 << 5;
const SKINIT = 1 << 6;

/** Sets what leaves the guest of `vmcb`. */
export function setIntercepts(vmcb: Vmcb): void {
  vmcb.interceptExceptions = DEBUG_EXCEPTION | ALIGNMENT_CHECK | MACHINE_CHECK;
  vmcb.interceptInstructions1 = u32((takesSmis() ? SMI : 0) | INIT | INVD | INVLPGA | IOIO_PROT | MSR_PROT | SHUTDOWN);
  expectNmis(vmcb);
  vmcb.interceptInstructions2 = VMRUN | VMMCALL | VMLOAD | VMSAVE | STGI | CLGI | SKINIT;
}

/** What leaves the guest while it handles an NMI: the end of that, and the ways in which it may wait for good. */
const HANDLING = IRET | PAUSE | HLT;

/** The guest of `vmcb` handles no NMI: the next one exits. */
export function expectNmis(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~HANDLING) | NMI);
}

/** The guest of `vmcb` takes an NMI now, and no other before its IRET: what it does meanwhile exits instead. */
export function expectEndOfNmi(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~NMI) | HANDLING);
}

/** The guest of `vmcb` may halt in its handler of an NMI: an interrupt will end that. */
export function permitHalt(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(vmcb.interceptInstructions1 & ~HLT);
}

/**
 * Sets what leaves the parking guest of `vmcb` (parkingGuest.ts): its VMMCALL, what would take the processor away, and each
 * exception, none of which its code raises. NMIs do not: it is there to take them.
 */
export function setParkingIntercepts(vmcb: Vmcb): void {
  vmcb.interceptExceptions = u32(~NMI_VECTOR);
  vmcb.interceptInstructions1 = u32((takesSmis() ? SMI : 0) | INIT | SHUTDOWN);
  vmcb.interceptInstructions2 = VMRUN | VMMCALL;
}
