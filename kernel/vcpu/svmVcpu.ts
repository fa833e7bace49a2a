/** The part of a virtual processor that only AMD-V needs. */
import { at, BOOL, HPA, struct, U32 } from '../../transpiler/lib/index.js';

/** A request of another processor to this one (sipi.ts), under the lock there. The world switch tests it. */
const Call = struct(
  'Call',
  { size: 8, volatile: true },
  {
    /** 1 from sending the NMI that makes this processor exit until its parking guest has taken that NMI. */
    isPending: at(0, U32),
    /** 1: the processor must flush its nested TLB entries before its guest continues. */
    flushesTlb: at(4, U32),
  },
);

/**
 * An INIT that has caused a VM exit and that the processor must turn into an exception
 * (kernel/svm/reset/initRedirection.ts).
 */
const Init = struct(
  'RedirectedInit',
  { size: 8, volatile: true },
  {
    isPending: at(0, U32),
    /** 1: an NMI came in the meantime. */
    hasNmi: at(4, U32),
  },
);

export const SvmVcpu = struct(
  'SvmVcpu',
  { size: 0x40 },
  {
    /** The VMCB with the host state that VMRUN does not save: VMSAVE wrote it. */
    hostVmcb: at(0x00, HPA),
    call: at(0x08, Call),
    /** The VMCB of the guest and that of the parking guest (kernel/svm/reset/parkingGuest.ts). */
    guestVmcb: at(0x10, HPA),
    parkingVmcb: at(0x18, HPA),
    /** Value that the guest wrote to VM_HSAVE_PA. The real register never gets it. */
    guestHostSave: at(0x20, HPA),
    init: at(0x28, Init),
    /** Logical addressing in xAPIC mode: the local APIC's LDR and DFR. */
    logicalDestination: at(0x30, U32),
    destinationFormat: at(0x34, U32),
    /**
     * Whether the guest has halted here for good: with interrupts disabled, in its NMI handler. Only an INIT ends that.
     */
    haltsForGood: at(0x38, BOOL),
  },
);
