/** The virtual machine control block (APM 2, appendix B). */
import { at, GPA, GVA, HPA, struct, U16, U32, U64, U8, type Ref } from '../../../transpiler/lib/index.js';

/** A segment register in the VMCB's format. `attributes` are bits 55:52 and 47:40 of the descriptor. */
export const Segment = struct(
  'Segment',
  { size: 0x10 },
  { selector: at(0x0, U16), attributes: at(0x2, U16), limit: at(0x4, U32), base: at(0x8, U64) },
);
export type Segment = Ref<typeof Segment>;

/** The control area up to 0x3ff (table B-1), and the state-save area from 0x400 (table B-2). */
export const Vmcb = struct(
  'Vmcb',
  { size: 0x1000 },
  {
    interceptCr: at(0x000, U32),
    interceptDr: at(0x004, U32),
    interceptExceptions: at(0x008, U32),
    interceptInstructions1: at(0x00c, U32),
    interceptInstructions2: at(0x010, U32),
    ioPermissions: at(0x040, HPA),
    msrPermissions: at(0x048, HPA),
    tscOffset: at(0x050, U64),
    asid: at(0x058, U32),
    tlbControl: at(0x05c, U8),
    interruptControl: at(0x060, U64),
    interruptShadow: at(0x068, U64),
    exitCode: at(0x070, U64),
    exitInfo1: at(0x078, U64),
    exitInfo2: at(0x080, U64),
    exitIntInfo: at(0x088, U64),
    nestedPaging: at(0x090, U64),
    eventInj: at(0x0a8, U64),
    nestedCr3: at(0x0b0, HPA),
    cleanBits: at(0x0c0, U32),
    nextRip: at(0x0c8, U64),
    /** With decode assists, how many bytes of code a nested page fault gives at GIVEN_CODE (APM 2, 15.8.4); else 0. */
    givenBytes: at(0x0d0, U8),

    es: at(0x400, Segment),
    cs: at(0x410, Segment),
    ss: at(0x420, Segment),
    ds: at(0x430, Segment),
    fs: at(0x440, Segment),
    gs: at(0x450, Segment),
    gdtr: at(0x460, Segment),
    ldtr: at(0x470, Segment),
    idtr: at(0x480, Segment),
    tr: at(0x490, Segment),
    cpl: at(0x4cb, U8),
    efer: at(0x4d0, U64),
    cr4: at(0x548, U64),
    cr3: at(0x550, GPA),
    cr0: at(0x558, U64),
    dr7: at(0x560, U64),
    dr6: at(0x568, U64),
    rflags: at(0x570, U64),
    rip: at(0x578, U64),
    rsp: at(0x5d8, U64),
    rax: at(0x5f8, U64),
    cr2: at(0x640, GVA),
    pat: at(0x668, U64),
  },
);
export type Vmcb = Ref<typeof Vmcb>;

/** Where the VMCB has code: what the processor gives, and in the bytes that are the host's what was fetched (table B-1). */
export const GIVEN_CODE = 0xd1n;
export const FETCHED_CODE = 0x3e0n;

/** TLB control of VMRUN (APM 2, 15.16.2). Not every processor can flush a single ASID. */
export const TlbControl = { keep: 0, flushAll: 1 } as const;
