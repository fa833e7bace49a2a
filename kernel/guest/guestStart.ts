/** The state in which the guest's processor starts: 64-bit mode, paging on, interrupts off. */
import { at, GPA, GVA, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

/** Selector of the flat 64-bit code segment in the table at `gdtBase` (Linux boot protocol, "64-bit boot protocol"). */
export const GUEST_CODE_SELECTOR = 0x10;
/** Selector of the flat data segment: DS, ES and SS. */
export const GUEST_DATA_SELECTOR = 0x18;

/** Segment attributes: present, and granularity 4 KiB, long mode or 32 bits; then code or data, read and accessed. */
export const CODE_64 = 0xa9b;
export const DATA_32 = 0xc93;
export const TASK_BUSY = 0x08b;
export const FLAT_LIMIT = 0xffff_ffff;
/** The smallest task-state segment (APM 2, 12.2.5). */
export const TASK_LIMIT = 0x67;

export const GuestStart = struct(
  'GuestStart',
  { size: 48 },
  {
    rip: at(0, GVA),
    rsp: at(8, GVA),
    rsi: at(16, U64),
    /** Page tables that map the first 4 GiB to themselves. */
    cr3: at(24, GPA),
    gdtBase: at(32, GVA),
    gdtLimit: at(40, U32),
  },
);
export type GuestStart = Ref<typeof GuestStart>;
