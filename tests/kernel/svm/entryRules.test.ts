/**
 * A property of every exit handler on AMD-V: whatever the guest's mode and state, if the state passed the rules of VMRUN when the
 * guest ran, it passes them again when the handler returns, and what holds the guest is as it was.
 */
import t from 'tap';
import fc from 'fast-check';
import { brokenRules } from '../../../kernel/report/entryRules.js';
import { explainEntryFailure } from '../../../kernel/svm/entry/entryChecks.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { leaveParkingGuest } from '../../../kernel/svm/reset/parkingGuest.js';
import { Vmcb } from '../../../kernel/svm/control/vmcb.js';
import { physical } from '../../../transpiler/lib/index.js';
import { AmdProcessor, CODE, HALTED, RESET, startGuest, type Guest } from '../support/guest.js';
import { pageTables } from '../support/pageTables.js';
import { logText } from '../support/startup.js';
import { exitsWith, guestStates, setState, type GuestState, type SvmExit } from '../support/vmcbStates.js';
import { MODES, type Mode } from '../support/vmcsStates.js';

/** Runs for each mode, of all handlers together. */
const RUNS = 500;
const CONTROL_RUNS = 300;
/** TSVM_SEED=... repeats a run. */
const seed = Number(process.env['TSVM_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
t.comment(`TSVM_SEED=${seed}`);

/** More than all rules have. */
const LOG_TAIL = 10_000;
const CODES = Object.values(ExitCode);
/** Exits after which the machine is reset or stands still, or the processor waits for a SIPI. */
const MAY_END: readonly number[] = [ExitCode.shutdown, ExitCode.init, ExitCode.nestedPageFault, ExitCode.machineCheck];

/** A processor below another hypervisor, so that no other processor is called by NMIs. */
function processor(): AmdProcessor {
  const amd = new AmdProcessor();
  amd.msrs.set(0x2ff, 0x806n);
  amd.msrs.set(0x1b, 0xfee0_0900n);
  for (const msr of [0x10, 0xc001_0010, 0xc001_0015, 0xc001_001d]) amd.msrs.set(msr, 0n);
  amd.leaves[1] = { ecx: 0x8000_0000 };
  amd.leaves[0x8000_0008] = { eax: 0x3028 };
  return amd;
}

class Bench {
  guest: Guest = this.start();
  readonly msrs: ReadonlyMap<number, bigint> = new Map(this.guest.processor.msrs);
  /** What keeps the guest in, and must not change. */
  readonly held: string = holdOf(this.guest.vmcb);

  private start(): Guest {
    const guest = startGuest([], processor());
    for (const [address, bytes] of pageTables) guest.memory.set(bytes, address);
    return guest;
  }

  /** Another machine: the last one has come to its end. */
  renew(): void {
    this.guest = this.start();
  }
}

/** All controls but TLB control, and what is intercepted while the guest handles an NMI, which follow what it does. */
function holdOf(vmcb: Vmcb): string {
  const moving = (1 << 1) | (1 << 20) | (3 << 23);
  const instructions = (vmcb.interceptInstructions1 & ~moving) >>> 0;
  const controls = [vmcb.interceptExceptions, instructions, vmcb.interceptInstructions2, vmcb.asid];
  const places = [vmcb.msrPermissions, vmcb.ioPermissions, vmcb.nestedPaging, vmcb.nestedCr3];
  return [...controls, ...places].map((value) => value.toString(16)).join(' ');
}

/** The rules that the state breaks, as they are told. */
function rulesBroken(vmcb: Vmcb): string[] {
  explainEntryFailure(vmcb);
  const count = brokenRules();
  if (count === 0) return [];
  return [...logText(LOG_TAIL).matchAll(/VM entry needs: (.*)/g)].map(([, text = '']) => text).slice(-count);
}

/** What a fault in the handler would do to the state that it leaves. */
type Plant = (vmcb: Vmcb) => void;
const nothing: Plant = () => undefined;

function handle({ guest }: Bench, exit: SvmExit): void {
  const { vcpu, vmcb } = guest;
  leaveParkingGuest(vcpu); // the last exit may have led there
  guest.memory.set(exit.bytes, CODE);
  Object.assign(vcpu.registers, exit.registers);
  vmcb.exitIntInfo = exit.event;
  vmcb.nextRip = exit.length === 0n ? 0n : BigInt.asUintN(64, vmcb.rip + exit.length);
  guest.exit(exit.code, exit.info1, exit.info2);
}

/** The property: from a state that can be entered, the handler leads to one. */
function leadsToEntry(bench: Bench, state: GuestState, exit: SvmExit, plant = nothing): void {
  const { vmcb, processor: machine } = bench.guest;
  for (const [msr, value] of bench.msrs) machine.msrs.set(msr, value);
  setState(vmcb, state);
  vmcb.eventInj = 0n;
  isEntered(vmcb, 'the state that the test made');
  try {
    handle(bench, exit);
  } catch (error) {
    const isEnd = [RESET.name, HALTED.name].includes((error as Error).name);
    if (!isEnd || !MAY_END.includes(exit.code)) throw error;
    bench.renew();
    return;
  }
  plant(vmcb);
  isEntered(vmcb, 'the state that the handler left');
  isEntered(physical(Vmcb, bench.guest.vcpu.controlPage), 'what runs next');
  if (holdOf(vmcb) !== bench.held) throw new Error(`what holds the guest is now ${holdOf(vmcb)}, not ${bench.held}`);
}

function isEntered(vmcb: Vmcb, what: string): void {
  const broken = rulesBroken(vmcb);
  if (broken.length > 0) throw new Error(`${what} cannot be entered: ${broken.join('; ')}`);
}

const anyExit = (mode: Mode): fc.Arbitrary<SvmExit> => fc.constantFrom(...CODES).chain((code) => exitsWith(code, mode));

for (const mode of MODES) {
  t.test(`in mode ${mode} every handler leaves a state that can be entered`, (t) => {
    const bench = new Bench();
    const property = fc.property(guestStates(mode), anyExit(mode), (...given) => leadsToEntry(bench, ...given));
    fc.assert(property, { numRuns: RUNS, seed });
    t.end();
  });
}

// ---- controls: the same property finds faults that were there, planted again

/** What the property says of a handler with this fault. */
function foundBy(mode: Mode, code: number, plant: (exit: SvmExit) => Plant): string {
  const bench = new Bench();
  const property = fc.property(guestStates(mode), exitsWith(code, mode), (state, exit) =>
    leadsToEntry(bench, state, exit, plant(exit)),
  );
  const { errorInstance } = fc.check(property, { numRuns: CONTROL_RUNS, seed, endOnFailure: true });
  return errorInstance instanceof Error ? errorInstance.message : 'nothing';
}

const VALID_EXCEPTION = 0x8000_0300n;
const HAS_ERROR_CODE = 1n << 11n;
const GENERAL_PROTECTION = VALID_EXCEPTION | 13n;

t.test('control: the property finds an event in delivery that is repeated as QEMU tells it', (t) => {
  const repeats = ({ event }: SvmExit): Plant => {
    return (vmcb) => void (vmcb.eventInj = (event & VALID_EXCEPTION) === VALID_EXCEPTION ? event : 0n);
  };
  t.match(foundBy('bits64', ExitCode.nestedPageFault, repeats), /the vector of an exception/);
  t.end();
});

t.test('control: the property finds an error code that is delivered in real mode', (t) => {
  const deliversCode = (): Plant => (vmcb) => {
    if ((vmcb.eventInj & 0xffff_ffffn) === GENERAL_PROTECTION) vmcb.eventInj |= HAS_ERROR_CODE;
  };
  t.match(foundBy('real', ExitCode.msr, deliversCode), /no error code in real mode/);
  t.equal(foundBy('bits32', ExitCode.msr, deliversCode), 'nothing', 'elsewhere it belongs there');
  t.end();
});

t.test('control: the property finds a guest that is no longer held', (t) => {
  const INIT = 1 << 3;
  const frees = (): Plant => (vmcb) => void (vmcb.interceptInstructions1 = (vmcb.interceptInstructions1 & ~INIT) >>> 0);
  t.match(foundBy('bits64', ExitCode.invd, frees), /what holds the guest/);
  t.end();
});
