/** A virtual processor: what the hypervisor keeps of the guest on one processor. */
import { at, BOOL, HPA, HVA, struct, U32, U64, U8, type Ref } from '../../transpiler/lib/index.js';
import { Counters } from '../observe/counters.js';
import { DescriptorTables } from '../x86/descriptors.js';
import { MtrrShadow } from './mtrrShadow.js';
import { SvmVcpu } from './svmVcpu.js';
import { VmxVcpu } from './vmxVcpu.js';

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
export const COUNTERS_OFFSET = 0x1000n;

/** What other processors wait for. */
const Mailbox = struct(
  'Mailbox',
  { size: 4, volatile: true },
  {
    /** 1 when this processor is ready for a guest. */
    isReady: at(0, U32),
  },
);

export const Vcpu = struct(
  'Vcpu',
  { size: 0x4000 },
  {
    registers: at(0x00, Registers),
    /** The page that controls what runs and holds its state: the VMCS, or the VMCB of the guest or the parking guest. */
    controlPage: at(0x80, HPA),
    /** Counted from 0. */
    number: at(0x88, U8),
    /** Whether NMIs that come while the hypervisor runs are the guest's. */
    takesNmis: at(0x89, BOOL),
    /** Whether all is prepared that a guest needs on this processor. */
    isPrepared: at(0x8a, BOOL),
    /** The local APIC's ID at reset. */
    apicId: at(0x8c, U32),
    /** The end of the stack on which the hypervisor runs on this processor. */
    stackTop: at(0x90, HVA),
    /** The page in which VMRUN keeps the host's state; on VT-x the VMXON region. */
    hostPage: at(0x98, HPA),
    mailbox: at(0xa0, Mailbox),
    tables: at(0xa8, DescriptorTables),
    /** What the guest wrote to MTRRs of this processor that did not reach them. */
    mtrrs: at(0x140, MtrrShadow),
    svm: at(0x3f0, SvmVcpu),
    vmx: at(0x430, VmxVcpu),
    /** In pages of their own, which the guest can read (kernel/exits/statistics.ts). */
    counters: at(0x1000, Counters),
  },
);
export type Vcpu = Ref<typeof Vcpu>;
