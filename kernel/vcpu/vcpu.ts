/** A virtual processor: what the hypervisor keeps of the guest on one processor. */
import { arr, at, BOOL, HPA, instance, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

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

/** Exit reasons are counted by their number; a higher number than the last is counted as the last. */
export const EXIT_REASONS = 0x404;
export const LAST_EXIT_REASON = 0x403n;

export const Vcpu = struct(
  'Vcpu',
  { size: 0x2120 },
  {
    registers: at(0x00, Registers),
    /** The page that controls the guest and holds its state: the VMCB or the VMCS. */
    vmcb: at(0x80, HPA),
    /** The page that holds the host state which VMRUN leaves alone. */
    hostVmcb: at(0x88, HPA),
    /** Counted from 0. */
    number: at(0x90, U32),
    /** What the guest wrote to VM_HSAVE_PA; no processor ever sees it. */
    guestHostSave: at(0x98, HPA),
    /** While the timer is armed, the time-stamp counter at which it ends; else 0. */
    timerEnd: at(0xa0, U64),
    /** On VT-x, the exit reason that the world switch handles on a shorter way than others. */
    quickReason: at(0xa8, U32),
    /** On VT-x, whether NMIs that come while the hypervisor runs are the guest's, and whether one waits. */
    takesNmis: at(0xac, BOOL),
    holdsNmi: at(0xad, BOOL),
    exits: at(0x100, arr(U64, EXIT_REASONS)),
  },
);
export type Vcpu = Ref<typeof Vcpu>;

/** How many processors the hypervisor can hold. */
export const MAX_VCPUS = 1;

export const vcpus = instance(arr(Vcpu, MAX_VCPUS), { align: 64 });
