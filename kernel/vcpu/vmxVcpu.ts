/** The part of a virtual processor that VT-x alone needs. */
import { arr, at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

/** What CPUID puts into the registers. */
export const CpuidAnswer = struct(
  'CpuidAnswer',
  { size: 16 },
  { eax: at(0, U32), ebx: at(4, U32), ecx: at(8, U32), edx: at(12, U32) },
);
export type CpuidAnswer = Ref<typeof CpuidAnswer>;

/** The number of CPUID leaves whose answer never changes and is kept. */
export const CONSTANT_LEAVES = 7;

/** What other processors read. */
const VmxMailbox = struct(
  'VmxMailbox',
  { size: 4, volatile: true },
  {
    /** 1 while this processor waits for a SIPI that leads to the hypervisor. */
    wantsStart: at(0, U32),
  },
);

export const VmxVcpu = struct(
  'VmxVcpu',
  { size: 0xa8 },
  {
    /** What CPUID says to the guest. */
    cpuidAnswer: at(0x00, CpuidAnswer),
    /** The exit reason that the world switch handles on a shorter way than others. */
    quickReason: at(0x10, U32),
    mailbox: at(0x14, VmxMailbox),
    /** While the preemption timer is armed, the time-stamp counter at which it ends; else 0. */
    timerEnd: at(0x18, U64),
    /** Whether an NMI waits for the guest, and whether a machine check does. */
    holdsNmi: at(0x20, BOOL),
    holdsMachineCheck: at(0x21, BOOL),
    /** Whether the guest was started here by a SIPI and no INIT has come since. */
    justStarted: at(0x22, BOOL),
    /** In Bochs, the vector of the last SIPI (kernel/vmx/exits/heldInit.ts). */
    startVector: at(0x24, U32),
    /** A bit for each basic CPUID leaf that the guest finds empty, and the number of the last of these leaves. */
    emptyLeaves: at(0x28, U64),
    lastLeaf: at(0x30, U32),
    constantLeaves: at(0x38, arr(CpuidAnswer, CONSTANT_LEAVES)),
  },
);
