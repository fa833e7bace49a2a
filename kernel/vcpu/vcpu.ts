/** A virtual processor: what the hypervisor keeps of the guest on one processor. */
import { arr, at, BOOL, HPA, HVA, struct, U32, U64, U8, type Ref } from '../../transpiler/lib/index.js';
import { CONSTANT_LEAVES, CpuidAnswer } from '../vmx/exits/cpuidMasks.js';
import { Counters } from '../observe/counters.js';
import { DescriptorTables } from '../x86/descriptors.js';
import { MtrrShadow } from '../space/mtrrShadow.js';

/** The guest's general registers. The world switch knows the offsets; RSP and RIP are the vendor's. */
export const Registers = struct(
  'Registers',
  { size: 0x80 },
  {
    rax: at(0x00, U64),
    rcx: at(0x08, U64),
    rdx: at(0x10, U64),
    rbx: at(0x18, U64),
    rbp: at(0x28, U64),
    rsi: at(0x30, U64),
    rdi: at(0x38, U64),
    r8: at(0x40, U64),
    r9: at(0x48, U64),
    r10: at(0x50, U64),
    r11: at(0x58, U64),
    r12: at(0x60, U64),
    r13: at(0x68, U64),
    r14: at(0x70, U64),
    r15: at(0x78, U64),
  },
);
export type Registers = Ref<typeof Registers>;

/** Where the counters are in a vcpu. */
export const COUNTERS_OFFSET = 0x3000n;

/** What other processors write, or wait for. */
const Mailbox = struct(
  'Mailbox',
  { size: 8, volatile: true },
  {
    /** 1 when this processor is ready for a guest. */
    isReady: at(0, U32),
    /** 1 while this processor waits for a SIPI that leads to the hypervisor. */
    wantsStart: at(4, U32),
  },
);

/** On AMD-V, a call of this processor by another one (kernel/vcpu/sipi.ts), under the lock there. The world switch looks for it. */
const Call = struct(
  'Call',
  { size: 8, volatile: true },
  {
    /** 1 from when the NMI is sent that makes this processor exit until its parking guest has taken it. */
    isPending: at(0, U32),
    /** 1: the processor is to forget what its TLB holds of the nested page tables, before its guest goes on. */
    flushesTlb: at(4, U32),
  },
);

/** On AMD-V, an INIT that has exited, and that the processor is to make an exception of (kernel/svm/reset/initRedirection.ts). */
const Init = struct(
  'RedirectedInit',
  { size: 8, volatile: true },
  {
    isPending: at(0, U32),
    /** 1: an NMI came meanwhile. */
    hasNmi: at(4, U32),
  },
);

export const Vcpu = struct(
  'Vcpu',
  { size: 0x6000 },
  {
    registers: at(0x00, Registers),
    /** The page that controls what runs and holds its state: the VMCS, or the VMCB of the guest or the parking guest. */
    vmcb: at(0x80, HPA),
    /** The page that holds the host state which VMRUN leaves alone. */
    hostVmcb: at(0x88, HPA),
    /** Counted from 0. */
    number: at(0x90, U8),
    /** What the guest wrote to VM_HSAVE_PA; no processor ever sees it. */
    guestHostSave: at(0x98, HPA),
    /** While the timer is armed, the time-stamp counter at which it ends; else 0. */
    timerEnd: at(0xa0, U64),
    /** On VT-x, the exit reason that the world switch handles on a shorter way than others. */
    quickReason: at(0xa8, U32),
    /** Whether NMIs that come while the hypervisor runs are the guest's; on VT-x, whether one waits. */
    takesNmis: at(0xac, BOOL),
    holdsNmi: at(0xad, BOOL),
    /** On VT-x, whether a machine check waits that the guest is to be told of. */
    holdsMachineCheck: at(0xae, BOOL),
    /** The end of the stack on which the hypervisor runs on this processor. */
    stackTop: at(0xb0, HVA),
    /** The page in which VMRUN keeps the host's state; on VT-x the VMXON region. */
    hostPage: at(0xb8, HPA),
    /** The local APIC's ID at reset. */
    apicId: at(0xc0, U32),
    /** Whether all is prepared that a guest needs on this processor. */
    isPrepared: at(0xc4, BOOL),
    /** On VT-x, whether the guest was started here by a SIPI and no INIT has come since. */
    justStarted: at(0xc5, BOOL),
    /** On AMD-V, whether the guest has halted here with interrupts off in its handler of an NMI: only an INIT ends that. */
    haltsForGood: at(0xc6, BOOL),
    mailbox: at(0xc8, Mailbox),
    /** On AMD-V, the two VMCBs: the guest's, and the parking guest's (kernel/svm/reset/parkingGuest.ts). */
    guestVmcb: at(0xd0, HPA),
    parkingVmcb: at(0xd8, HPA),
    /** On VT-x, what CPUID says to the guest, and what of it never changes. */
    cpuidAnswer: at(0xe0, CpuidAnswer),
    call: at(0xf0, Call),
    tables: at(0x2120, DescriptorTables),
    constantLeaves: at(0x21b8, arr(CpuidAnswer, CONSTANT_LEAVES)),
    /** Of CPUID: a bit for each basic leaf that the guest finds empty, and the last of these leaves. */
    emptyLeaves: at(0x2228, U64),
    lastLeaf: at(0x2230, U32),
    /** What the guest wrote to MTRRs of this processor that did not reach them. */
    mtrrs: at(0x2238, MtrrShadow),
    /** On VT-x in Bochs, the vector of the last SIPI (kernel/vmx/exits/heldInit.ts). */
    startVector: at(0x24e8, U32),
    /** On AMD-V in xAPIC mode, how the local APIC is addressed logically: its LDR and DFR. */
    logicalDestination: at(0x24ec, U32),
    destinationFormat: at(0x24f0, U32),
    init: at(0x24f4, Init),
    /** In pages of their own, which the guest can read (kernel/exits/statistics.ts). */
    counters: at(0x3000, Counters),
  },
);
export type Vcpu = Ref<typeof Vcpu>;
