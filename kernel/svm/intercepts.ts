/**
 * What leaves the guest, and why. All else the guest does with the real machine: interrupts, control and debug registers,
 * TSC, HLT, CPUID, and every port and MSR not named in permissionMaps.ts.
 */
import { u32 } from '../../transpiler/lib/index.js';
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
export const NMI = 1 << 1; // calls of other processors: see kernel/vcpu/startup.ts
const SMI = 1 << 2; // on QEMU with UEFI only: see smi.ts
const INIT = 1 << 3; // resets the processor and with it EFER.SVME: the guest would escape
export const IRET = 1 << 20; // while the guest handles an NMI that left it
const INVD = 1 << 22; // would drop what of the hypervisor's own writes is in the caches only
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

/** The guest of `vmcb` handles no NMI: the next one exits. */
export function expectNmis(vmcb: Vmcb): void {
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~IRET) | NMI);
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
