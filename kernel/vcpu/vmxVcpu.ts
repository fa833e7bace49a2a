/** The part of a virtual processor that only VT-x needs. */
import { arr, at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

/** The registers that CPUID returns. */
export const CpuidAnswer = struct(
  'CpuidAnswer',
  { size: 16 },
  { eax: at(0, U32), ebx: at(4, U32), ecx: at(8, U32), edx: at(12, U32) },
);
export type CpuidAnswer = Ref<typeof CpuidAnswer>;

/** Number of CPUID leaves with a constant answer, which is kept. */
export const CONSTANT_LEAVES = 7;

/** Fields that other processors read. */
const VmxMailbox = struct(
  'VmxMailbox',
  { size: 4, volatile: true },
  {
    /** 1: this processor waits for a SIPI that leads into the hypervisor. */
    wantsStart: at(0, U32),
  },
);

export const VmxVcpu = struct(
  'VmxVcpu',
  { size: 0xa8 },
  {
    /** The answer to the guest's CPUID. */
    cpuidAnswer: at(0x00, CpuidAnswer),
    /** The exit reason for which the world switch has a shorter path. */
    quickReason: at(0x10, U32),
    mailbox: at(0x14, VmxMailbox),
    /** The value of the time-stamp counter at which the preemption timer ends; 0 if it is not armed. */
    timerEnd: at(0x18, U64),
    /** Whether an NMI, and whether a machine check, is pending for the guest. */
    holdsNmi: at(0x20, BOOL),
    holdsMachineCheck: at(0x21, BOOL),
    /** Whether a SIPI has started the guest here, and no INIT has come since. */
    justStarted: at(0x22, BOOL),
    /** In Bochs, the vector of the last SIPI (kernel/vmx/exits/heldInit.ts). */
    startVector: at(0x24, U32),
    /** A bit for each basic CPUID leaf that is all zero for the guest; and the number of the last basic leaf. */
    emptyLeaves: at(0x28, U64),
    lastLeaf: at(0x30, U32),
    constantLeaves: at(0x38, arr(CpuidAnswer, CONSTANT_LEAVES)),
  },
);
