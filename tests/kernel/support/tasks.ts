/** Two tasks of a guest on a simulated Intel processor. */
import { chooseControls } from '../../../kernel/vmx/control/controls.js';
import { onTaskSwitch } from '../../../kernel/vmx/tasks/taskSwitch.js';
import {
  Field,
  GUEST_BASE,
  GUEST_LIMIT,
  GUEST_RIGHTS,
  GUEST_SELECTOR,
  Segment,
} from '../../../kernel/vmx/control/vmcs.js';
import { startGuest, TABLES, type Guest } from './guest.js';
import { IntelProcessor } from './intel.js';
import { viewOf } from './startup.js';

const GDT = 0x3_0000;
export const OLD = 0x4_0000;
export const NEXT = 0x5_0000;
export const LDT = 0x6_0000;
export const CODE_32 = 0x08;
export const DATA_32 = 0x10;
export const OLD_TASK = 0x18;
export const NEXT_TASK = 0x20;
export const LOCAL_TABLE = 0x28;
export const USER_CODE = 0x30;
export const READ_ONLY = 0x38;
export const ABSENT = 0x40;

export const Source = { call: 0, iret: 1, jump: 2, gate: 3 } as const;
export const Kind = { interrupt: 0, nmi: 2, exception: 3, software: 4 } as const;

/** A processor in the old task, whose segments are flat, without paging; a new task of 32 bits waits. */
export class TaskBench {
  readonly guest: Guest = startGuest();
  readonly memory = viewOf(this.guest.memory);
  readonly fields = new Map<number, bigint>();
  cr2 = 0n;
  dr6 = 0n;
  flushes = 0;

  constructor() {
    Object.assign(this.guest.processor, {
      vmread: (field: number) => this.read(field),
      vmwrite: (field: number, value: bigint) => this.fields.set(field, value),
      invvpid: () => this.flushes++,
      writeCr2: (value: bigint) => (this.cr2 = value),
      readDr6: () => this.dr6,
      writeDr6: (value: bigint) => (this.dr6 = value),
    });
    for (const [msr, value] of new IntelProcessor().msrs) this.guest.processor.msrs.set(msr, value);
    chooseControls();
    this.fields.set(Field.guestCr0, 0x11n);
    this.fields.set(Field.guestRip, 0x1000n);
    this.fields.set(Field.guestRsp, 0x2000n);
    this.fields.set(Field.guestRflags, 0x202n);
    this.fields.set(Field.guestDr7, 0x7ffn);
    this.fields.set(Field.instructionLength, 7n);
    this.fields.set(Field.guestGdtrBase, BigInt(GDT));
    this.fields.set(Field.guestGdtrLimit, 0x47n);
    for (const segment of [Segment.es, Segment.ss, Segment.ds])
      this.setSegment(segment, DATA_32, 0, 0xffff_ffff, 0xc093);
    this.setSegment(Segment.cs, CODE_32, 0, 0xffff_ffff, 0xc09b);
    this.setSegment(Segment.tr, OLD_TASK, OLD, 0x67, 0x8b);
    this.setSegment(Segment.ldtr, 0, 0, 0, 0x1_0000);
    this.putDescriptor(CODE_32, 0, 0xfffff, 0xc09a);
    this.putDescriptor(DATA_32, 0, 0xfffff, 0xc092);
    this.putDescriptor(OLD_TASK, OLD, 0x67, 0x8b);
    this.putDescriptor(NEXT_TASK, NEXT, 0x67, 0x89);
    this.putDescriptor(LOCAL_TABLE, LDT, 0x17, 0x82);
    this.putDescriptor(USER_CODE, 0, 0xfffff, 0xc0fa);
    this.putDescriptor(READ_ONLY, 0, 0xfffff, 0xc090);
    this.putDescriptor(ABSENT, 0, 0xfffff, 0xc012);
    this.putTask32();
  }

  read(field: number): bigint {
    return this.fields.get(field) ?? 0n;
  }
  selector(segment: number): bigint {
    return this.read(GUEST_SELECTOR + 2 * segment);
  }
  rights(segment: number): bigint {
    return this.read(GUEST_RIGHTS + 2 * segment);
  }
  setSegment(segment: number, selector: number, base: number, limit: number, rights: number): void {
    this.fields.set(GUEST_SELECTOR + 2 * segment, BigInt(selector));
    this.fields.set(GUEST_BASE + 2 * segment, BigInt(base));
    this.fields.set(GUEST_LIMIT + 2 * segment, BigInt(limit));
    this.fields.set(GUEST_RIGHTS + 2 * segment, BigInt(rights));
  }
  putDescriptor(selector: number, base: number, limit: number, rights: number, table = GDT): void {
    const at = table + (selector & 0xfff8);
    this.memory.setUint32(at, (((base & 0xffff) << 16) | (limit & 0xffff)) >>> 0, true);
    const high = (base & 0xff00_0000) | ((rights & 0xf000) << 8) | (limit & 0xf_0000);
    this.memory.setUint32(at + 4, (high | ((rights & 0xff) << 8) | ((base >>> 16) & 0xff)) >>> 0, true);
  }
  /** The type byte of a descriptor. */
  typeOf(selector: number): number {
    return this.memory.getUint8(GDT + selector + 5);
  }
  putTask32(): void {
    const values = [0x7000, 0x4000_3000, 2, 0xa1, 0xc1, 0xd1, 0xb1, 0x8000, 0xeb, 0x51, 0xd1d1];
    values.forEach((value, i) => this.memory.setUint32(NEXT + 0x1c + 4 * i, value, true));
    this.setSelectors(DATA_32, CODE_32, DATA_32, DATA_32, 0, 0);
  }
  /** ES, CS, SS, DS, FS, GS of the next task. */
  setSelectors(...selectors: number[]): void {
    selectors.forEach((selector, i) => this.memory.setUint32(NEXT + 0x48 + 4 * i, selector, true));
  }
  switchBy(source: number, kind: number | null = null, errorCode?: number, vector = 14, next = NEXT_TASK): void {
    this.fields.set(Field.exitQualification, BigInt(source) * (1n << 30n) + BigInt(next));
    if (kind !== null) {
      const hasCode = errorCode === undefined ? 0n : 0x800n;
      this.fields.set(Field.idtVectoringInformation, 0x8000_0000n | BigInt(vector) | (BigInt(kind) << 8n) | hasCode);
      this.fields.set(Field.idtVectoringErrorCode, BigInt(errorCode ?? 0));
    }
    onTaskSwitch(this.guest.vcpu);
  }
  /** The exception that the guest gets: vector and error code. */
  get injected(): [number, number | null] | null {
    const event = this.read(Field.entryInterruptionInformation);
    if ((event & 0x8000_0000n) === 0n) return null;
    const code = (event & 0x800n) !== 0n ? Number(this.read(Field.entryErrorCode)) : null;
    return [Number(event & 0xffn), code];
  }
}

/** Turns on paging by tables that map 4 MiB in 4 KiB pages to themselves, the page at `missing` left out. */
export function turnOnPaging(bench: TaskBench, missing: number | null): void {
  bench.memory.setUint32(TABLES, (TABLES + 0x1000) | 3, true);
  for (let page = 0; page < 1024; page++) bench.memory.setUint32(TABLES + 0x1000 + 4 * page, (page << 12) | 3, true);
  if (missing !== null) bench.memory.setUint32(TABLES + 0x1000 + (missing >> 12) * 4, 0, true);
  bench.fields.set(Field.guestCr0, 0x8000_0011n);
  bench.fields.set(Field.guestCr3, BigInt(TABLES));
  bench.memory.setUint32(NEXT + 0x1c, TABLES, true);
}
