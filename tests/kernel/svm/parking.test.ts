/** INIT, SIPI and NMI on AMD-V: processors park in the hypervisor's parking guest, and start when others call them. */
import fc from 'fast-check';
import t from 'tap';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { window } from '../../../transpiler/lib/index.js';
import { bounds } from '../../support/image.js';
import { CODE, FIRMWARE, HALTED, HIDDEN, HIDDEN_BYTES, RESET, walkTables } from '../support/guest.js';
import {
  ALL,
  command,
  currentVmcb,
  exitOf,
  guestVmcb,
  INIT,
  isParked,
  type Machine,
  NMI,
  OTHERS,
  parked,
  run,
  SELF,
  SIPI,
  startAll,
  startMachine,
} from '../support/apics.js';

const DEASSERT = 0x8500;
const TO_ALL = 0xffff_ffff;
const INIT_INTERCEPT = 1 << 3;
const NMI_INTERCEPT = 1 << 1;
const ENTRY = 0x10n;

const runAll = (machine: Machine) => machine.vcpus.map((vcpu) => run(machine, vcpu));

t.test('before the guest runs, each AP halts in the parking guest', (t) => {
  const machine = startMachine();
  t.same(parked(machine), [1, 2, 3]);
  for (const vcpu of machine.vcpus.slice(1)) {
    const vmcb = currentVmcb(vcpu);
    t.not(vmcb.interceptInstructions1 & INIT_INTERCEPT, 0);
    t.equal(vmcb.interceptInstructions1 & NMI_INTERCEPT, 0, 'its handler takes NMIs');
    t.equal(vmcb.interceptExceptions, 0xffff_fffb);
    t.same([vmcb.rip, vmcb.cs.base, vmcb.cr0, vmcb.rflags], [ENTRY, 0n, 0x10n, 2n]);
    t.equal(vmcb.efer, 0x1000n);
    t.not(vmcb.asid, guestVmcb(vcpu).asid);
  }
  t.equal(machine.processor.holdsNothingBack, false, 'GIF is clear before anything says that the processor waits');
  t.end();
});

t.test('the parking guest reaches two pages: its code, which it cannot write, and its stacks, one for each', (t) => {
  const { vcpus } = startMachine();
  const vmcbs = vcpus.slice(1).map(currentVmcb);
  const root = vmcbs[0]?.nestedCr3 ?? 0n;
  const isHypervisors = (target: bigint) => target >= HIDDEN && target < HIDDEN + HIDDEN_BYTES;
  const [code, stacks] = [0n, 0x1000n].map((address) => walkTables(root, address));
  t.equal((code?.entry ?? 0n) & 7n, 5n);
  t.equal((stacks?.entry ?? 0n) & 7n, 7n);
  for (const page of [code, stacks]) t.ok(isHypervisors(page?.target ?? 0n));
  for (const address of [0x2000n, 0x20_0000n, 0x4000_0000n, HIDDEN]) t.equal(walkTables(root, address), null);
  t.equal(new Set(vmcbs.map(({ rsp }) => rsp)).size, 3);
  for (const { rsp } of vmcbs) t.ok(rsp > 0x1010n && rsp <= 0x2000n && rsp % 16n === 0n);
  t.end();
});

t.test('the parking guest’s code is that of runtime-c/parking.asm', (t) => {
  startMachine();
  const page = walkTables(currentVmcb(vcpuOf(1)).nestedCr3, 0n)?.target ?? 0n;
  const source = window(bounds.physical + bounds.parking - bounds.text, 0x40);
  t.same(
    Array.from({ length: 0x40 }, (_, at) => window(page, 0x40).u8(at)),
    Array.from({ length: 0x40 }, (_, at) => source.u8(at)),
  );
  t.end();
});

t.test('neither an INIT nor a SIPI is sent: the receiver is called by one NMI, and its guest never sees it', (t) => {
  const machine = startAll();
  const second = vcpuOf(2);
  command(machine, INIT, 4);
  t.same(machine.processor.sent, [{ from: 0, command: NMI, destination: 4 }]);
  t.equal(run(machine, second), 0);
  t.same(parked(machine), [2]);
  command(machine, SIPI | 0x42, 4);
  t.same(parked(machine), [2], 'until it takes the call');
  t.equal(run(machine, second), 0);
  t.same(parked(machine), []);
  const vmcb = guestVmcb(second);
  t.same([vmcb.cs.selector, vmcb.cs.base, vmcb.cs.attributes, vmcb.rip], [0x4200, 0x4_2000n, 0x93, 0n]);
  t.same([vmcb.cr0, vmcb.cr4, vmcb.efer, vmcb.cpl, vmcb.tlbControl], [0x10n, 0n, 0x1000n, 0, 1]);
  t.equal(vmcb.eventInj, 0n);
  t.equal(second.registers.rbx, 0n);
  t.same(machine.processor.breakpoints, [0n, 0n, 0n, 0n]);
  t.ok(machine.processor.sent.every((sent) => sent.command === NMI));
  t.end();
});

t.test('an INIT preserves CR0.CD and CR0.NW', (t) => {
  const machine = startAll();
  const first = vcpuOf(1);
  guestVmcb(first).cr0 = 0xe005_0033n;
  command(machine, INIT, 2);
  command(machine, SIPI | 0x98, 2);
  run(machine, first);
  t.equal(guestVmcb(first).cr0, 0x6000_0010n);
  t.end();
});

t.test('INIT and SIPI without a pause start a processor, also at page 0', (t) => {
  const machine = startAll();
  command(machine, INIT, 2);
  command(machine, SIPI, 2);
  t.equal(machine.processor.sent.length, 1, 'one call for both');
  run(machine, vcpuOf(1));
  t.same(parked(machine), []);
  t.equal(guestVmcb(vcpuOf(1)).cs.selector, 0);
  t.end();
});

t.test('a second SIPI has no effect, whether the processor runs or is about to', (t) => {
  const machine = startAll();
  command(machine, INIT, 2);
  command(machine, SIPI | 0x20, 2);
  command(machine, SIPI | 0x30, 2);
  run(machine, vcpuOf(1));
  t.equal(guestVmcb(vcpuOf(1)).cs.selector, 0x2000);
  guestVmcb(vcpuOf(1)).rip = 0x1234n;
  command(machine, SIPI | 0x30, 2);
  t.equal(run(machine, vcpuOf(1)), 0);
  t.equal(guestVmcb(vcpuOf(1)).rip, 0x1234n);
  t.end();
});

t.test('an INIT takes back a SIPI that has not started the processor yet', (t) => {
  const machine = startAll();
  command(machine, INIT, 2);
  command(machine, SIPI | 0x20, 2);
  command(machine, INIT, 2);
  run(machine, vcpuOf(1));
  t.same(parked(machine), [1]);
  t.end();
});

t.test('a command reaches one processor, all others or its sender; an INIT with level 0 reaches none', (t) => {
  for (const [low, destination, sender, expected] of [
    [INIT, 4, 0, [2]],
    [INIT, 5, 0, []],
    [INIT | OTHERS, 0, 0, [1, 2, 3]],
    [INIT | SELF, 0, 2, [2]],
    [INIT, 4, 2, [2]],
    [0x0500, 4, 0, [2]],
    [0xc500, 4, 0, [2]],
    [DEASSERT, 4, 0, []],
    [DEASSERT | ALL, 0, 0, []],
  ] as const) {
    const machine = startAll();
    command(machine, low, destination, sender);
    runAll(machine);
    t.same(parked(machine), expected, `${low.toString(16)} to ${destination}`);
    command(machine, SIPI | ALL, 0);
    runAll(machine);
    t.same(parked(machine), []);
  }
  t.end();
});

t.test('an INIT that reaches the BSP resets the machine', (t) => {
  for (const [low, destination, sender] of [
    [INIT, 0, 0],
    [INIT, 0, 1],
    [INIT, TO_ALL, 1],
    [INIT | SELF, 4, 0],
    [INIT | ALL, 4, 1],
    [INIT | OTHERS, 4, 1],
    [0xc500, 0, 1],
  ] as const) {
    t.throws(() => command(startAll(), low, destination, sender), RESET, low.toString(16));
  }
  t.end();
});

t.test('reserved bits of a command that is not sent raise #GP, as they do', (t) => {
  const machine = startAll();
  command(machine, INIT | 0x1000, 2);
  t.same(guestVmcb(vcpuOf(0)).eventInj & 0xffn, 13n);
  runAll(machine);
  t.same(parked(machine), []);
  t.end();
});

t.test('an NMI is sent on as it is; a parked processor drops it, a running one gets it', (t) => {
  const machine = startAll();
  command(machine, INIT, 2);
  runAll(machine);
  machine.processor.sent.length = 0;
  command(machine, NMI | OTHERS, 0);
  t.same(machine.processor.sent, [{ from: 0, command: NMI | OTHERS, destination: 0 }]);
  t.same(runAll(machine), [0, 0, 1, 1]);
  t.same(parked(machine), [1]);
  command(machine, SIPI | 0x98, 2);
  t.equal(run(machine, vcpuOf(1)), 0, 'nothing of it is left');
  t.same(parked(machine), []);
  t.end();
});

t.test('an NMI from elsewhere, such as the I/O APIC, finds a parked processor parked', (t) => {
  const machine = startMachine();
  for (let round = 0; round < 3; round++) {
    machine.processor.latch(1, 'nmi');
    t.equal(run(machine, vcpuOf(1)), 0);
    t.same(parked(machine), [1, 2, 3]);
    t.equal(currentVmcb(vcpuOf(1)).rip, ENTRY, 'where NMIs are unmasked');
  }
  t.end();
});

t.test('a call that merges with an NMI of the guest’s is not lost: it is made anew at the IRET', (t) => {
  const machine = startAll();
  const first = vcpuOf(1);
  machine.processor.latch(1, 'nmi');
  exitOf(machine, first, ExitCode.nmi);
  command(machine, INIT, 2); // before the guest takes its NMI
  machine.processor.clear(1, 'nmi'); // the guest takes both as one
  exitOf(machine, first, ExitCode.iret);
  run(machine, first);
  t.same(parked(machine), [1]);
  command(machine, SIPI | 0x98, 2);
  run(machine, first);
  t.same(parked(machine), []);
  t.end();
});

t.test('a call whose NMI QEMU has forgotten at an exit is made anew', (t) => {
  const machine = startAll();
  const first = vcpuOf(1);
  command(machine, INIT, 2);
  machine.processor.clear(1, 'nmi');
  exitOf(machine, first, ExitCode.invd);
  command(machine, SIPI | 0x98, 2);
  run(machine, first);
  t.same(parked(machine), []);
  t.end();
});

t.test('an exit of the parking guest that nothing asked for is a crash', (t) => {
  const machine = startMachine();
  for (const code of [0x46, 0x4d]) {
    t.throws(() => exitOf(machine, vcpuOf(1), code), HALTED);
  }
  t.end();
});

t.test('a processor that parks resets its local APIC', (t) => {
  const machine = startAll();
  const apic = machine.processor.apicOf(1);
  for (const register of [0x80f, 0x808, 0x832, 0x835, 0x838, 0x83e]) apic.set(register, 0x31n);
  apic.set(0x814, 2n); // in service
  let ends = 0;
  const wrmsr = machine.processor.wrmsr.bind(machine.processor);
  machine.processor.wrmsr = (msr, value) => {
    if (msr === 0x80b) {
      ends++;
      apic.set(0x814, 0n);
    }
    wrmsr(msr, value);
  };
  command(machine, INIT, 2);
  run(machine, vcpuOf(1));
  t.same(
    [0x80f, 0x808, 0x832, 0x835, 0x838, 0x83e].map((register) => apic.get(register)),
    [0xffn, 0n, 0x1_0000n, 0x1_0000n, 0n, 0n],
  );
  t.equal(ends, 1);
  t.equal(apic.get(0x802), 2n, 'its ID stays');
  t.end();
});

/** What a processor does, as the manuals have it. */
interface Expected {
  runs: boolean;
  vector: number | null;
  page: number;
}

type Step =
  | { readonly kind: 'init'; readonly to: number }
  | { readonly kind: 'nmi'; readonly to: number }
  | { readonly kind: 'sipi'; readonly to: number; readonly vector: number }
  | { readonly kind: 'run'; readonly on: number }
  | { readonly kind: 'exit'; readonly on: number };

const processor = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('init' as const), to: processor }),
  fc.record({ kind: fc.constant('nmi' as const), to: processor }),
  fc.record({ kind: fc.constant('sipi' as const), to: processor, vector: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('run' as const), on: processor }),
  fc.record({ kind: fc.constant('exit' as const), on: processor }),
);

function expect(states: Expected[], { kind, ...step }: Step): void {
  const state = 'to' in step ? states[step.to] : undefined;
  if (state === undefined) return;
  if (kind === 'init') Object.assign(state, { runs: false, vector: null });
  if (kind === 'sipi' && 'vector' in step && !state.runs && state.vector === null) {
    Object.assign(state, { vector: step.vector });
  }
}

function settle(states: Expected[]): void {
  for (const state of states) {
    if (state.runs || state.vector === null) continue;
    Object.assign(state, { runs: true, page: state.vector, vector: null });
  }
}

t.test('for any order of commands, NMIs and exits, each processor ends in the state of the manuals', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
      const machine = startAll();
      const states: Expected[] = machine.vcpus.map(() => ({ runs: true, vector: null, page: 0x98 }));
      let nmis = 0;
      let taken = 0;
      for (const one of steps) {
        expect(states, one);
        if (one.kind === 'init') command(machine, INIT, one.to * 2);
        else if (one.kind === 'sipi') command(machine, SIPI | one.vector, one.to * 2);
        else if (one.kind === 'nmi') {
          nmis++;
          machine.processor.latch(one.to, 'nmi');
        } else if (one.kind === 'run') {
          taken += run(machine, vcpuOf(one.on));
          const state = states[one.on];
          if (state === undefined) continue;
          settle([state]);
        } else if (!isParked(vcpuOf(one.on))) exitOf(machine, vcpuOf(one.on), ExitCode.invd);
      }
      for (const count of runAll(machine)) taken += count;
      settle(states);
      t.same(
        machine.vcpus.map((vcpu) => !isParked(vcpu)),
        states.map(({ runs }) => runs),
      );
      for (const vcpu of machine.vcpus.slice(1)) {
        const state = states[vcpu.number];
        if (state === undefined) continue;
        if (state.runs) t.equal(guestVmcb(vcpu).cs.selector, state.page << 8);
        t.equal(vcpu.svm.call.isPending, 0, 'nobody is called for ever');
      }
      t.ok(taken <= nmis, 'no guest gets an NMI that was a call');
      t.same(machine.processor.lost, []);
      t.ok(machine.processor.sent.every((sent) => (sent.command & 0x700) === 0x400));
    }),
    { numRuns: 12 },
  );
  t.end();
});

t.test('firmware may start processors too', (t) => {
  const machine = startMachine();
  command(machine, INIT | OTHERS, 0, 0, FIRMWARE);
  command(machine, SIPI | OTHERS | 0x98, 0, 0, FIRMWARE);
  runAll(machine);
  t.same(parked(machine), []);
  t.equal(guestVmcb(vcpuOf(0)).rip, FIRMWARE + 2n);
  t.not(guestVmcb(vcpuOf(1)).rip, BigInt(CODE));
  t.end();
});
