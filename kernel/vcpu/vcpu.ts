/** A virtual processor: the hypervisor's data about the guest on one processor. */
import { arr, at, BOOL, HPA, HVA, struct, U32, U64, U8, type Ref } from '../../transpiler/lib/index.js';
import { Counters } from '../observe/counters.js';
import { EventRing } from '../observe/events.js';
import { DescriptorTables } from '../x86/descriptors.js';
import { MtrrShadow } from './mtrrShadow.js';
import { SvmVcpu } from './svmVcpu.js';
import { VmxVcpu } from './vmxVcpu.js';

/**
 * The guest's general registers, except RSP. The world switch relies on the offsets; the VMCB or VMCS holds RSP and
 * RIP.
 */
export const Registers = struct(
  'Registers',
  { size: 0x80 },
  {
    rax: at(0x00, U64),
    rcx: at(0x08, U64),
    rdx: at(0x10, U64),
    rbx: at(0x18, U64),
    /** Only while the hypervisor does an instruction for the guest (kernel/instruction/registers.ts). */
    rsp: at(0x20, U64),
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

/** Fields that other processors wait for. */
const Mailbox = struct(
  'Mailbox',
  { size: 4, volatile: true },
  {
    /** 1: this processor is ready for a guest. */
    isReady: at(0, U32),
  },
);

export const Vcpu = struct(
  'Vcpu',
  { size: 0x4000 },
  {
    registers: at(0x00, Registers),
    /**
     * The page that controls the running guest and holds its state: the VMCS, or the VMCB of the guest or of the
     * parking guest.
     */
    controlPage: at(0x80, HPA),
    /** The processor's number, counted from 0; 0 is the BSP. */
    number: at(0x88, U8),
    /** Whether an NMI that arrives while the hypervisor runs belongs to the guest. */
    takesNmis: at(0x89, BOOL),
    /** Whether everything that a guest needs on this processor is prepared. */
    isPrepared: at(0x8a, BOOL),
    /** The local APIC's ID at reset. */
    apicId: at(0x8c, U32),
    /** End of the hypervisor's stack on this processor. */
    stackTop: at(0x90, HVA),
    /** The host save area of VMRUN; on VT-x the VMXON region. */
    hostPage: at(0x98, HPA),
    mailbox: at(0xa0, Mailbox),
    tables: at(0xa8, DescriptorTables),
    /** Values that the guest wrote to this processor's MTRRs and that did not reach the registers. */
    mtrrs: at(0x140, MtrrShadow),
    svm: at(0x3f0, SvmVcpu),
    vmx: at(0x430, VmxVcpu),
    /** The instruction that is emulated here (kernel/exits/emulate.ts): a local would be cleared at each exit. */
    emulation: at(0x4d8, arr(U8, 0x70)),
    /** The ring and the counters are at the offsets that kernel/observe/ knows. */
    events: at(0x800, EventRing),
    /** The counters are in pages of their own, which the guest can read (kernel/exits/statistics.ts). */
    counters: at(0x1000, Counters),
  },
);
export type Vcpu = Ref<typeof Vcpu>;
