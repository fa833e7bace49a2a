/** The part of a virtual processor that AMD-V alone needs. */
import { at, BOOL, HPA, struct, U32 } from '../../transpiler/lib/index.js';

/** A call of this processor by another one (sipi.ts), under the lock there. The world switch looks for it. */
const Call = struct(
  'Call',
  { size: 8, volatile: true },
  {
    /** 1 from when the NMI is sent that makes this processor exit until its parking guest has taken it. */
    isPending: at(0, U32),
    /** 1: the processor is to flush its TLB of the nested page tables before its guest goes on. */
    flushesTlb: at(4, U32),
  },
);

/** An INIT that has exited, and that the processor is to make an exception of (kernel/svm/reset/initRedirection.ts). */
const Init = struct(
  'RedirectedInit',
  { size: 8, volatile: true },
  {
    isPending: at(0, U32),
    /** 1: an NMI came meanwhile. */
    hasNmi: at(4, U32),
  },
);

export const SvmVcpu = struct(
  'SvmVcpu',
  { size: 0x40 },
  {
    /** The VMCB that holds the host state which VMRUN leaves alone. */
    hostVmcb: at(0x00, HPA),
    call: at(0x08, Call),
    /** The two VMCBs: the guest's, and the parking guest's (kernel/svm/reset/parkingGuest.ts). */
    guestVmcb: at(0x10, HPA),
    parkingVmcb: at(0x18, HPA),
    /** What the guest wrote to VM_HSAVE_PA; no processor ever sees it. */
    guestHostSave: at(0x20, HPA),
    init: at(0x28, Init),
    /** In xAPIC mode, how the local APIC is addressed logically: its LDR and DFR. */
    logicalDestination: at(0x30, U32),
    destinationFormat: at(0x34, U32),
    /** Whether the guest has halted here with interrupts off in its handler of an NMI: only an INIT ends that. */
    haltsForGood: at(0x38, BOOL),
  },
);
