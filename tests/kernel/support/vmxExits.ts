/** What a processor tells of an exit on Intel VT-x, for property tests: any that may come in a mode, and some that may not. */
import fc from 'fast-check';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import {
  Field,
  GUEST_BASE,
  GUEST_LIMIT,
  GUEST_RIGHTS,
  GUEST_SELECTOR,
  Segment,
} from '../../../kernel/vmx/control/vmcs.js';
import { HIDDEN, HIDDEN_BYTES } from './guest.js';
import { LEGACY_TABLES, PAE_TABLES, pageTables, words, type Contents } from './pageTables.js';
import { bits, isProtected, word16, word32, word64, type Fields, type Mode } from './vmcsStates.js';

export interface Exit {
  readonly reason: number;
  /** What the exit writes to the VMCS, and what else of the state it depends on. */
  readonly fields: Fields;
  readonly registers: Readonly<Record<string, bigint>>;
  /** What lies in the guest's memory from an address on. */
  readonly memory: readonly Contents[];
}

const VALID = 1n << 31n;
const HAS_ERROR_CODE = 1n << 11n;
const NMI_UNBLOCKED = 1n << 12n;
const WAITS_FOR_SIPI = 3n;

/** Exceptions of the processor, and those of them that have an error code. */
const EXCEPTIONS = [0n, 1n, 5n, 6n, 7n, 8n, 10n, 11n, 12n, 13n, 14n, 16n, 17n, 18n, 19n, 20n];
const WITH_ERROR_CODE = [8n, 10n, 11n, 12n, 13n, 14n, 17n];

/** MSRs that handlers know, and some around them. */
const MSRS = [
  ...[0x1b, 0x3a, 0x79, 0x8b, 0x10, 0x1a0, 0x200, 0x277, 0x2ff, 0x3f1, 0x3f5, 0x480, 0x493, 0x560, 0x58f, 0x600, 0x830],
  ...[0x17d0, 0x4000_0000, 0x4000_00ff, 0x4b56_4d00, 0xc000_0080, 0xc001_0015, 0xdead_beef],
].map(BigInt);

const HYPERCALL = 0x6d76_7374n;

interface Event {
  readonly event: bigint;
  readonly code: bigint;
}

/** An event in delivery: vectoring information and its error code. In real mode no exception has one (SDM 3C 27.2.4). */
export function eventsInDelivery(mode: Mode): fc.Arbitrary<Event> {
  const exception = fc.constantFrom(...EXCEPTIONS).map((vector) => {
    const hasCode = WITH_ERROR_CODE.includes(vector) && isProtected(mode);
    return VALID | 0x300n | vector | (hasCode ? HAS_ERROR_CODE : 0n);
  });
  const event = fc.oneof(
    exception,
    bits(0xffn).map((vector) => VALID | vector),
    fc.constant(VALID | 0x202n),
    bits(0xffn).map((vector) => VALID | 0x400n | vector),
    fc.constantFrom(VALID | 0x501n, VALID | 0x603n, VALID | 0x604n),
  );
  return fc.record({ event, code: word16 });
}

const noEvent = word32.map((event) => ({ event: event & ~VALID, code: 0n }));

const anyRegisters = fc.record({
  ...{ rax: word64, rcx: word64, rdx: word64, rbx: word64, rbp: word64, rsi: word64, rdi: word64 },
  ...{ r8: word64, r9: word64, r10: word64, r11: word64, r12: word64, r13: word64, r14: word64, r15: word64 },
});

/** Registers for instructions that access an MSR. */
const msrRegisters = fc
  .record({ registers: anyRegisters, number: fc.oneof(fc.constantFrom(...MSRS), word64) })
  .map(({ registers, number }) => ({ ...registers, rcx: number }));

/** Registers for a MOV to a control register: often values that a guest writes. */
const controlValues = fc.oneof(word64, bits(0xe005_003fn), bits(0x37_27ffn), fc.constantFrom(0x8001_0011n, 0x10n, 0n));

const hypercallRegisters = fc
  .record({ registers: anyRegisters, rax: fc.oneof(fc.constant(HYPERCALL), word64), rcx: bits(0xfn) })
  .map(({ registers, rax, rcx }) => ({ ...registers, rax, rcx }));

/** Guest-physical addresses that have no translation. */
const hiddenAddress = bits(HIDDEN_BYTES - 1n).map((offset) => HIDDEN + offset);

/** `fields` and `registers` of exits for `reason` where they have more than any value. */
function informationFor(reason: number, mode: Mode): fc.Arbitrary<Partial<Exit>> {
  switch (reason) {
    case ExitReason.exception:
      return fc
        .record({
          event: fc.constantFrom(0x301n, 0x501n, isProtected(mode) ? 0xb11n : 0x301n),
          nmi: bits(NMI_UNBLOCKED),
        })
        .map(({ event, nmi }) => ({ fields: { [Field.exitInterruptionInformation]: VALID | event | nmi } }));
    case ExitReason.sipi:
      return fc.constant({
        fields: {
          [Field.guestActivity]: WAITS_FOR_SIPI,
          [Field.guestInterruptibility]: 0n,
          [Field.guestPendingDebug]: 0n,
        },
      });
    case ExitReason.rdmsr:
    case ExitReason.wrmsr:
      return msrRegisters.map((registers) => ({ registers }));
    case ExitReason.vmcall:
      return hypercallRegisters.map((registers) => ({ registers }));
    case ExitReason.controlRegister:
      return fc
        .record({ value: controlValues, number: fc.constantFrom(0n, 4n) })
        .map(({ value, number }) => ({ fields: { [Field.exitQualification]: number }, registers: { rax: value } }));
    case ExitReason.eptViolation:
      return fc
        .record({ address: hiddenAddress, delivery: fc.oneof(noEvent, eventsInDelivery(mode)) })
        .map(({ address, delivery: { event, code } }) => ({
          fields: {
            [Field.guestPhysicalAddress]: address,
            [Field.idtVectoringInformation]: event,
            [Field.idtVectoringErrorCode]: code,
          },
        }));
    default:
      return fc.constant({});
  }
}

/** Exits for `reason`, but for task switches. */
export function exitsFor(reason: number, mode: Mode): fc.Arbitrary<Exit> {
  return fc
    .record({
      qualification: word64,
      length: fc.bigInt({ min: 1n, max: 15n }),
      stale: word32,
      registers: anyRegisters,
      information: informationFor(reason, mode),
    })
    .map(({ qualification, length, stale, registers, information }) => ({
      reason,
      memory: [],
      fields: {
        [Field.exitQualification]: qualification,
        [Field.instructionLength]: length,
        [Field.idtVectoringInformation]: stale & ~VALID,
        [Field.exitInterruptionInformation]: stale & ~VALID,
        [Field.exitErrorCode]: 0n,
        ...information.fields,
      },
      registers: { ...registers, ...information.registers },
    }));
}

// ---- task switches

const GDT = 0x3_0000;
const OLD = 0x4_0000;
const NEXT = 0x5_0000;
const LDT = 0x6_0000;
const DESCRIPTORS = 16;
const STATE_BYTES = 0x68;
const FLAGS_VM = 0x2_0000;

/** Rights as the VMCS has them, of what a task may load, and of tasks. */
const RIGHTS = [0xc09a, 0xc09b, 0xc092, 0xc093, 0x9a, 0x92, 0xc0fa, 0xc0f2, 0xc09e, 0xc096, 0xc090, 0x12, 0x82, 0x89];
const TASK_RIGHTS = [0x89, 0x8b, 0x81, 0x83, 0x8089, 0x09];

function descriptor(base: number, limit: number, rights: number): number[] {
  const low = (((base & 0xffff) << 16) | (limit & 0xffff)) >>> 0;
  const high = ((base & 0xff00_0000) | ((rights & 0xf000) << 8) | (limit & 0xf_0000)) >>> 0;
  return [low, (high | ((rights & 0xff) << 8) | ((base >>> 16) & 0xff)) >>> 0];
}

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const anyDescriptor = fc.oneof(
  fc
    .record({
      rights: fc.constantFrom(...RIGHTS),
      base: fc.constantFrom(0, LDT),
      limit: fc.constantFrom(0xf_ffff, 0xffff, 0x17),
    })
    .map(({ rights, base, limit }) => descriptor(base, limit, rights)),
  fc
    .record({
      rights: fc.constantFrom(...TASK_RIGHTS),
      base: fc.constantFrom(NEXT, NEXT, OLD, 0x5_0fe0),
      limit: fc.constantFrom(STATE_BYTES - 1, STATE_BYTES - 1, 0x2b, 0x40, 0xf_ffff),
    })
    .map(({ rights, base, limit }) => descriptor(base, limit, rights)),
  fc.tuple(word, word).map(([low, high]) => [low, high]),
);
/** Where the global table has what a task needs, but for the times when something else is there. */
const Slot = { code: 1, data: 2, userCode: 3, userData: 4, task: 5, busy: 6, narrow: 7, local: 8 } as const;
const USUAL: readonly (readonly [base: number, limit: number, rights: number])[] = [
  [0, 0, 0],
  [0, 0xf_ffff, 0xc09a],
  [0, 0xf_ffff, 0xc092],
  [0, 0xf_ffff, 0xc0fa],
  [0, 0xf_ffff, 0xc0f2],
  [NEXT, STATE_BYTES - 1, 0x89],
  [NEXT, STATE_BYTES - 1, 0x8b],
  [NEXT, 0x2b, 0x81],
  [LDT, DESCRIPTORS * 8 - 1, 0x82],
];
const anyTable = fc
  .array(fc.tuple(anyDescriptor, fc.integer({ min: 0, max: 19 })), { minLength: DESCRIPTORS, maxLength: DESCRIPTORS })
  .map((entries) =>
    words(entries.flatMap(([other, chance], index) => (chance === 0 ? other : (usual(index) ?? other)))),
  );

function usual(index: number): number[] | undefined {
  const values = USUAL[index];
  return values === undefined ? undefined : descriptor(...values);
}

/** Mostly one of these slots with that privilege level; seldom another one, or any selector. */
const selectorOf = (slots: readonly number[], level: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...slots).map((slot) => (slot === 0 ? 0 : slot * 8 + level)) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: DESCRIPTORS * 8 - 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
  );

/** ES, CS, SS, DS, FS, GS and LDTR of a task. */
const anySelectors = fc.constantFrom(0, 3).chain((level) => {
  const data = selectorOf([0, level === 0 ? Slot.data : Slot.userData], level);
  const code = selectorOf([level === 0 ? Slot.code : Slot.userCode], level);
  const stack = selectorOf([level === 0 ? Slot.data : Slot.userData], level);
  return fc.tuple(data, code, stack, data, data, data, selectorOf([0, Slot.local], 0));
});

/** The task that is switched to; IRET goes back to a busy one. */
const nextTask = (source: bigint): fc.Arbitrary<number> =>
  selectorOf(source === 1n ? [Slot.busy] : [Slot.task, Slot.task, Slot.narrow], 0);

/** A state of 32 bits, which is one of 16 bits, too, with what is at its places. */
const anyState = fc
  .record({
    values: fc.array(word, { minLength: STATE_BYTES / 4, maxLength: STATE_BYTES / 4 }),
    selectors: anySelectors,
    cr3: fc.oneof(fc.constantFrom(LEGACY_TABLES, PAE_TABLES), word),
    is8086: fc.boolean(),
  })
  .map(({ values, selectors, cr3, is8086 }) => {
    const all = [...values];
    all[0x1c / 4] = cr3;
    all[0x24 / 4] = is8086 ? (all[0x24 / 4] ?? 0) | FLAGS_VM : (all[0x24 / 4] ?? 0) & ~FLAGS_VM;
    selectors.forEach((value, index) => (all[0x48 / 4 + index] = value));
    return words(all);
  });

/** Modes in which a task can be switched by hardware: in long mode the processor raises #GP, in real mode there are none. */
export const TASK_MODES = ['virtual8086', 'bits16', 'bits32', 'paged32', 'pae'] as const satisfies readonly Mode[];

/** Task switches of every kind, between tasks and by tables that may be anything. */
export function taskSwitches(mode: Mode): fc.Arbitrary<Exit> {
  const tables = mode === 'pae' ? PAE_TABLES : LEGACY_TABLES;
  const gate = fc.record({ source: fc.constant(3n), delivery: eventsInDelivery(mode), next: nextTask(3n) });
  const other = fc
    .constantFrom(0n, 1n, 2n)
    .chain((source) => fc.record({ source: fc.constant(source), delivery: noEvent, next: nextTask(source) }));
  return fc
    .record({
      cause: fc.oneof(gate, other),
      length: fc.bigInt({ min: 1n, max: 15n }),
      table: anyTable,
      local: anyTable,
      states: fc.tuple(anyState, anyState),
      tableLimit: fc.oneof({ weight: 9, arbitrary: fc.constant(BigInt(DESCRIPTORS * 8 - 1)) }, word16),
      oldLimit: fc.constantFrom(0x67n, 0x67n, 0x67n, 0x67n, 0x2bn, 0x2bn, 0x2bn, 0x10n),
      oldSelector: fc.integer({ min: 0, max: DESCRIPTORS - 1 }).map((index) => BigInt(index * 8)),
      cr3: fc.oneof({ weight: 9, arbitrary: fc.constant(BigInt(tables)) }, fc.constant(0x1000n)),
      registers: anyRegisters,
    })
    .map(({ cause, length, table, local, states, tableLimit, oldLimit, oldSelector, cr3, registers }) => ({
      reason: ExitReason.taskSwitch,
      registers,
      memory: [...pageTables, [GDT, table], [LDT, local], [OLD, states[0]], [NEXT, states[1]]] as const,
      fields: {
        [Field.exitQualification]: (cause.source << 30n) | BigInt(cause.next),
        [Field.instructionLength]: length,
        [Field.idtVectoringInformation]: cause.delivery.event,
        [Field.idtVectoringErrorCode]: cause.delivery.code,
        [Field.guestGdtrBase]: BigInt(GDT),
        [Field.guestGdtrLimit]: tableLimit,
        [Field.guestCr3]: cr3,
        [GUEST_SELECTOR + 2 * Segment.tr]: oldSelector,
        [GUEST_BASE + 2 * Segment.tr]: BigInt(OLD),
        [GUEST_LIMIT + 2 * Segment.tr]: oldLimit,
        [GUEST_RIGHTS + 2 * Segment.tr]: oldLimit === 0x2bn ? 0x83n : 0x8bn,
        [GUEST_SELECTOR + 2 * Segment.ldtr]: 0n,
        [GUEST_BASE + 2 * Segment.ldtr]: BigInt(LDT),
        [GUEST_LIMIT + 2 * Segment.ldtr]: BigInt(DESCRIPTORS * 8 - 1),
        [GUEST_RIGHTS + 2 * Segment.ldtr]: 0x82n,
      },
    }));
}
