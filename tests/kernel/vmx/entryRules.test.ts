/**
 * A property of every exit handler on Intel VT-x: whatever the guest's mode and state, if the state passed the rules of VM entries
 * when the guest ran, it passes them again when the handler returns, and what holds the guest is as it was. An entry that the
 * processor refuses stops the node.
 */
import t from 'tap';
import fc from 'fast-check';
import { brokenRules } from '../../../kernel/report/entryRules.js';
import { explainEntryFailure } from '../../../kernel/vmx/entry/entryChecks.js';
import type { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { onVmxExit } from '../../../kernel/vmx/exit.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { vmxKeepMachineCheck, vmxKeepNmi } from '../../../kernel/vmx/exits/nmi.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { RESET } from '../support/guest.js';
import { IntelProcessor, startIntelGuest, type IntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';
import { guestStates, MODES, type Fields, type Mode } from '../support/vmcsStates.js';
import { exitsFor, TASK_MODES, taskSwitches, type Exit } from '../support/vmxExits.js';

/** Runs for each mode, of all handlers together, and of task switches. */
const RUNS = 300;
const TASK_RUNS = 300;
const CONTROL_RUNS = 150;
/** TSVM_SEED=... repeats a run. */
const seed = Number(process.env['TSVM_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
t.comment(`TSVM_SEED=${seed}`);

const INVALID_GUEST_STATE = 0x8000_0021;
const VALID = 1n << 31n;
const INTERRUPT_MASK = VALID | 0x700n;
const RFLAGS_IF = 1n << 9n;
/** More than all rules have. */
const LOG_TAIL = 10_000;
const RIP_RULE = 'guest RIP with bits 63:32 clear outside of 64-bit code';
/** All but those that a task switch's own property tries. */
const { taskSwitch: _taskSwitch, ...reasons } = ExitReason;
const REASONS = [...Object.values(reasons), 200];

/** Exits after which the guest need not go on: the machine is reset. */
const MAY_RESET: readonly number[] = [ExitReason.tripleFault, ExitReason.taskSwitch];

/** The processor of intel.ts, with all activity states, 48 bits of linear and 39 of physical addresses. */
function processorWithAllStates(): IntelProcessor {
  const processor = new IntelProcessor();
  processor.msrs.set(0x485, (7n << 6n) | 5n);
  processor.msrs.set(0x489, 0x77_27ffn);
  processor.leaves[0x8000_0008] = { eax: 0x3027 };
  return processor;
}

/** Of a field's encoding: control fields, and the host's (SDM 3D, B). These follow what the guest does. */
const HOLD_TYPES = [0, 3];
const MOVING: readonly number[] = [
  Field.pinControls, // the preemption timer
  Field.primaryControls, // without I/O bitmaps after an access beyond the last port
  Field.entryControls,
  Field.entryInterruptionInformation,
  Field.entryErrorCode,
  Field.entryInstructionLength,
  Field.cr0Shadow,
  Field.cr4Shadow,
];

/** What the machine had before the first exit, to begin every run with. */
class Bench {
  guest = this.start();
  private readonly fields: ReadonlyMap<number, bigint> = new Map(this.guest.processor.fields);
  private readonly msrs: ReadonlyMap<number, bigint> = new Map(this.guest.processor.msrs);

  private start(): IntelGuest {
    const guest = startIntelGuest(processorWithAllStates(), 1);
    guest.vcpu.number = 1; // an INIT for the first one resets the machine
    return guest;
  }

  /** Another machine: the last one has come to its end. */
  renew(): void {
    this.guest = this.start();
  }

  /** The controls, and where an exit leads, that are no longer as they were at the start. */
  changedHold(): string[] {
    const isHold = (field: number): boolean => HOLD_TYPES.includes((field >> 10) & 3) && !MOVING.includes(field);
    const changed = [...this.fields].filter(([field, value]) => isHold(field) && this.guest.read(field) !== value);
    return changed.map(([field]) => field.toString(16));
  }

  /** The guest in this state. */
  restart(state: Fields): void {
    const { processor, vcpu } = this.guest;
    restore(processor.fields, this.fields);
    restore(processor.msrs, this.msrs);
    for (const [field, value] of Object.entries(state)) processor.fields.set(Number(field), value);
    vcpu.vmx.holdsNmi = false;
    vcpu.vmx.holdsMachineCheck = false;
    vcpu.vmx.timerEnd = 0n;
    vcpu.vmx.justStarted = false;
  }
}

function restore(map: Map<number, bigint>, from: ReadonlyMap<number, bigint>): void {
  map.clear();
  for (const [key, value] of from) map.set(key, value);
}

/** The rules that the state breaks, as they are told. */
function rulesBroken(): string[] {
  explainEntryFailure();
  const count = brokenRules();
  if (count === 0) return [];
  return [...logText(LOG_TAIL).matchAll(/VM entry needs: (.*)/g)].map(([, text = '']) => text).slice(-count);
}

const ARRIVALS = ['nothing', 'NMI', 'machine check'] as const;
type Arrival = (typeof ARRIVALS)[number];

function arrive(vcpu: Vcpu, what: Arrival): void {
  if (what === 'NMI') vmxKeepNmi(vcpu);
  else if (what === 'machine check') vmxKeepMachineCheck(vcpu);
}

/** What comes while the hypervisor runs, before the handler and after it, and whether a timer is armed. */
interface Moment {
  readonly before: Arrival;
  readonly after: Arrival;
  readonly timerEnd: bigint;
}
const moments: fc.Arbitrary<Moment> = fc.record({
  before: fc.constantFrom(...ARRIVALS),
  after: fc.constantFrom(...ARRIVALS),
  timerEnd: fc.constantFrom(0n, 0n, 1n, 1_000_000n),
});

/** What a fault in the handler would do to the state that it leaves. */
type Plant = (guest: IntelGuest) => void;
const nothing: Plant = () => undefined;

/** Has the hypervisor handle the exit, in which `plant` puts a fault. */
function handle({ guest }: Bench, exit: Exit, moment: Moment, plant: Plant): void {
  const { vcpu, processor, memory } = guest;
  for (const [address, bytes] of exit.memory) memory.set(bytes, address);
  Object.assign(vcpu.registers, exit.registers);
  vcpu.vmx.timerEnd = moment.timerEnd;
  arrive(vcpu, moment.before);
  processor.fields.set(Field.exitReason, BigInt(exit.reason));
  processor.fields.set(Field.entryInterruptionInformation, 0n); // an exit clears its valid bit (SDM 3C 27.2)
  onVmxExit(vcpu, exit.reason);
  arrive(vcpu, moment.after);
  plant(guest);
}

/** RIP behind the last byte of 4 GiB is the one broken rule that the handler of refused entries mends. */
function wrapInstructionPointer({ guest }: Bench): void {
  guest.write(Field.exitReason, BigInt(INVALID_GUEST_STATE));
  onVmxExit(guest.vcpu, INVALID_GUEST_STATE);
}

/** The property: from a state that can be entered, the handler leads to one, with all that holds the guest as it was. */
function leadsToEntry(bench: Bench, state: Fields, exit: Exit, moment: Moment, plant = nothing): void {
  bench.restart(possible({ ...state, ...exit.fields }));
  same(rulesBroken(), [], 'the state that the test made');
  try {
    handle(bench, exit, moment, plant);
  } catch (error) {
    if ((error as Error).name !== RESET.name || !MAY_RESET.includes(exit.reason)) throw error;
    bench.renew();
    return;
  }
  same(bench.changedHold(), [], 'with these fields changed, the state');
  const broken = rulesBroken();
  if (broken.length === 1 && broken[0] === RIP_RULE) wrapInstructionPointer(bench);
  else same(broken, [], 'the state that the handler left');
  same(rulesBroken(), [], 'the state after the last byte of 4 GiB');
}

/** An external interrupt that is in delivery was not masked. */
function possible(state: Fields): Fields {
  const isInterrupt = ((state[Field.idtVectoringInformation] ?? 0n) & INTERRUPT_MASK) === VALID;
  return isInterrupt ? { ...state, [Field.guestRflags]: (state[Field.guestRflags] ?? 0n) | RFLAGS_IF } : state;
}

function same(broken: readonly string[], expected: readonly string[], what: string): void {
  if (broken.length !== expected.length) throw new Error(`${what} cannot be entered: ${broken.join('; ')}`);
}

function cases(mode: Mode, bench: Bench, exit: fc.Arbitrary<Exit>): fc.Arbitrary<[Fields, Exit, Moment]> {
  return fc.tuple(guestStates(mode, bench.guest.read(Field.entryControls)), exit, moments);
}

const anyExit = (mode: Mode): fc.Arbitrary<Exit> =>
  fc.constantFrom(...REASONS).chain((reason) => exitsFor(reason, mode));

for (const mode of MODES) {
  t.test(`in mode ${mode} every handler leaves a state that can be entered`, (t) => {
    const bench = new Bench();
    const property = fc.property(cases(mode, bench, anyExit(mode)), (given) => leadsToEntry(bench, ...given));
    fc.assert(property, { numRuns: RUNS, seed });
    t.end();
  });
}

for (const mode of TASK_MODES) {
  t.test(`in mode ${mode} every task switch leaves a state that can be entered`, (t) => {
    const bench = new Bench();
    const property = fc.property(cases(mode, bench, taskSwitches(mode)), (given) => leadsToEntry(bench, ...given));
    fc.assert(property, { numRuns: TASK_RUNS, seed });
    t.end();
  });
}

// ---- controls: the same property finds faults that were there, planted again

const HAS_ERROR_CODE = 1n << 11n;
const EXCEPTION_WITH_CODE = VALID | 0x300n;
const WITH_CODE = [10n, 11n, 12n, 13n, 14n, 17n];

/** As before: an exception that has an error code is delivered with one in every mode. */
const deliversCodeAlways: Plant = (guest) => {
  const event = guest.read(Field.entryInterruptionInformation);
  if ((event & EXCEPTION_WITH_CODE) !== EXCEPTION_WITH_CODE || !WITH_CODE.includes(event & 0xffn)) return;
  guest.write(Field.entryInterruptionInformation, event | HAS_ERROR_CODE);
};

/** As before: the guest stays halted whatever is injected. */
const staysHalted =
  (halted: bigint): Plant =>
  (guest) =>
    guest.write(Field.guestActivity, halted);

/** What the property says of a handler with this fault, for exits of one reason. */
function foundBy(mode: Mode, reason: number, plant: (state: Fields) => Plant): string {
  const bench = new Bench();
  const property = fc.property(cases(mode, bench, exitsFor(reason, mode)), ([state, exit, moment]) =>
    leadsToEntry(bench, state, exit, moment, plant(state)),
  );
  const { errorInstance } = fc.check(property, { numRuns: CONTROL_RUNS, seed, endOnFailure: true });
  return errorInstance instanceof Error ? errorInstance.message : 'nothing';
}

t.test('control: the property finds an error code that is delivered in real mode', (t) => {
  for (const reason of [ExitReason.rdmsr, ExitReason.wrmsr, ExitReason.xsetbv, ExitReason.controlRegister]) {
    const found = foundBy('real', reason, () => deliversCodeAlways);
    t.match(found, /no error code for an event that has none/, `exit reason ${reason}`);
  }
  t.equal(
    foundBy('bits32', ExitReason.rdmsr, () => deliversCodeAlways),
    'nothing',
    'elsewhere it belongs there',
  );
  t.end();
});

t.test('control: the property finds an exception that is injected into a halted guest', (t) => {
  const found = foundBy('bits32', ExitReason.eptViolation, (state) => staysHalted(state[Field.guestActivity] ?? 0n));
  t.match(found, /no injected event that the guest does not wake for/);
  t.end();
});

t.test('control: the property finds a guest that is no longer held', (t) => {
  const found = foundBy('bits64', ExitReason.invd, () => (guest) => guest.write(Field.msrBitmap, 0n));
  t.match(found, /with these fields changed, the state cannot be entered: 2004/);
  t.end();
});
