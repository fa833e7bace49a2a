import fc from 'fast-check';
import t from 'tap';
import { Owner } from '../../../kernel/access/owner.js';
import { markOwnedPorts, ownerOfPort, ownPort } from '../../../kernel/access/ports.js';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { sleepTypes } from '../../../kernel/machine/sleepTypes.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import type { Registers, Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { addMemory, resetMemory } from '../../../transpiler/lib/testing.js';
import { CODE, HALTED, injected, startGuest, type AmdProcessor } from '../support/guest.js';
import { injectedEvent, startIntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';

interface Access {
  readonly port: number;
  readonly width: 1 | 2 | 4;
  readonly isRead?: boolean;
  readonly isString?: boolean;
}

interface PortGuest {
  readonly processor: AmdProcessor;
  readonly vcpu: Vcpu;
  readonly registers: Registers;
  /** `done`, or the exception that the guest gets. */
  access(access: Access): 'done' | number;
}

const NEXT = BigInt(CODE) + 2n;
const end = (vector: number | undefined, rip: bigint) => vector ?? (rip === NEXT ? 'done' : -1);

function amdGuest(): PortGuest {
  const guest = startGuest();
  return {
    processor: guest.processor,
    vcpu: guest.vcpu,
    registers: guest.vcpu.registers,
    access({ port, width, isRead = false, isString = false }) {
      guest.vmcb.rip = BigInt(CODE);
      const info = (port << 16) + (width << 4) + (isString ? 4 : 0) + (isRead ? 1 : 0);
      guest.exit(ExitCode.port, BigInt(info >>> 0), NEXT);
      return end(injected(guest.vmcb)?.vector, guest.vmcb.rip);
    },
  };
}

function intelGuest(): PortGuest {
  const guest = startIntelGuest();
  return {
    processor: guest.processor,
    vcpu: guest.vcpu,
    registers: guest.vcpu.registers,
    access({ port, width, isRead = false, isString = false }) {
      guest.write(Field.guestRip, BigInt(CODE));
      const qualification = (port << 16) + width - 1 + (isString ? 16 : 0) + (isRead ? 8 : 0);
      guest.exit(ExitReason.port, BigInt(qualification >>> 0));
      return end(injectedEvent(guest)?.vector, guest.read(Field.guestRip));
    },
  };
}

const PM1A = 0x604;
const PM1B = 0xb004;
const OFF_A = 7;
const OFF_B = 5;
const S3 = 1;
const ENABLE = 1 << 13;
const sleep = (type: number, others = 0): number => ENABLE | (type << 10) | others;

let writes: [number, number, number][] = [];
let inputs = new Map<number, number>();

/** The guest of `start`, whose machine has both PM1 control registers. */
function withSleepRegisters(start: () => PortGuest): PortGuest {
  const guest = start();
  writes = [];
  inputs = new Map();
  const input = (port: number) => inputs.get(port) ?? 0;
  Object.assign(guest.processor, {
    in8: (port: number) => (port === PM1A || port === PM1A + 1 ? input(port) : 0xff),
    in16: input,
    in32: input,
    out8: (port: number, value: number) => void writes.push([1, port, value]),
    out16: (port: number, value: number) => void writes.push([2, port, value]),
    out32: (port: number, value: number) => void writes.push([4, port, value]),
  });
  ownPort(PM1A + 1, Owner.sleepA);
  ownPort(PM1B + 1, Owner.sleepB);
  sleepTypes.offA = OFF_A;
  sleepTypes.offB = OFF_B;
  return guest;
}

for (const [name, start] of [
  ['AMD-V', amdGuest],
  ['VT-x', intelGuest],
] as const) {
  t.test(`${name}: IN gives the register in its own width, and 32 bits clear the rest`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    for (const [width, expected] of [
      [1, 0x1122_3344_5566_77a5n],
      [2, 0x1122_3344_5566_c3a5n],
      [4, 0xe1d2_c3a5n],
    ] as const) {
      registers.rax = 0x1122_3344_5566_7788n;
      inputs.set(PM1A, { 1: 0xa5, 2: 0xc3a5, 4: 0xe1d2_c3a5 }[width]);
      t.equal(access({ port: PM1A, width, isRead: true }), 'done');
      t.equal(registers.rax, expected);
    }
    t.end();
  });

  t.test(`${name}: PM1 control accepts S5; of other sleep types it accepts all bits except SLP_EN`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    for (const [base, off] of [
      [PM1A, OFF_A],
      [PM1B, OFF_B],
    ] as const) {
      for (let type = 0; type < 8; type++) {
        writes = [];
        registers.rax = BigInt(sleep(type, 0xc001));
        t.equal(access({ port: base, width: 2 }), 'done');
        const done = type === off ? sleep(type, 0xc001) : sleep(type, 0xc001) & ~ENABLE;
        t.same(writes, [[2, base, done]], `type ${type}`);
      }
    }
    t.equal(eventCount(Event.sleep), 14n);
    t.match(logText(), /asked for a sleep state that it does not have, SLP_TYP and SLP_EN 0xe0 at/);
    t.end();
  });

  t.test(`${name}: no width and no neighbouring port gets around that`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    for (const [port, width, value, done] of [
      [PM1A + 1, 1, sleep(S3) >> 8, (sleep(S3) & ~ENABLE) >> 8],
      [PM1A + 1, 2, 0x1200 | (sleep(S3) >> 8), 0x1200 | ((sleep(S3) & ~ENABLE) >> 8)],
      [PM1A, 4, 0x9876_0000 + sleep(S3, 1), 0x9876_0000 + (sleep(S3, 1) & ~ENABLE)],
      [PM1A - 1, 4, 0x5500_0000 + (sleep(S3, 1) << 8) + 0xaa, 0x5500_0000 + ((sleep(S3, 1) & ~ENABLE) << 8) + 0xaa],
      [PM1A - 2, 4, (sleep(S3) << 16) + 0x321, ((sleep(S3) & ~ENABLE) << 16) + 0x321],
    ] as const) {
      writes = [];
      registers.rax = 0xffff_ffff_0000_0000n + BigInt(value);
      t.equal(access({ port, width }), 'done');
      t.same(writes, [[width, port, done]], `${width} bytes at ${port.toString(16)}`);
    }
    t.equal(eventCount(Event.sleep), 5n);
    t.end();
  });

  t.test(`${name}: a value without SLP_EN passes unchanged`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    for (const value of [0x0001, S3 << 10, 0xdfff]) {
      registers.rax = BigInt(value);
      t.equal(access({ port: PM1A, width: 2 }), 'done');
      t.same(writes.at(-1), [2, PM1A, value]);
    }
    t.equal(eventCount(Event.sleep), 0n);
    t.end();
  });

  t.test(`${name}: if S5 is unknown, the guest cannot use any sleep type`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    sleepTypes.offA = 8;
    for (let type = 0; type < 8; type++) {
      registers.rax = BigInt(sleep(type));
      access({ port: PM1A, width: 2 });
      t.same(writes.at(-1), [2, PM1A, sleep(type) & ~ENABLE]);
    }
    t.end();
  });

  t.test(`${name}: string instructions raise #GP and do nothing`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    const rax = registers.rax;
    for (const isRead of [false, true]) t.equal(access({ port: PM1A, width: 2, isRead, isString: true }), 13);
    t.same(writes, []);
    t.equal(registers.rax, rax);
    t.equal(eventCount(Event.portString), 2n);
    t.match(logText(), /a string instruction on a port that is intercepted, 0x604 at/);
    t.end();
  });

  t.test(`${name}: an access beyond the last port passes unchanged`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    registers.rax = 0x8765_4321n;
    t.equal(access({ port: 0xfffe, width: 4 }), 'done');
    t.same(writes, [[4, 0xfffe, 0x8765_4321]]);
    inputs.set(0xffff, 0x1234);
    t.equal(access({ port: 0xffff, width: 2, isRead: true }), 'done');
    t.equal(registers.rax, 0x8765_1234n);
    t.end();
  });

  t.test(`${name}: for any access only SLP_EN changes, and it is never set`, (t) => {
    const { registers, access } = withSleepRegisters(start);
    const anyAccess = fc.record({
      port: fc.oneof(fc.integer({ min: PM1A - 4, max: PM1A + 4 }), fc.integer({ min: PM1B - 4, max: PM1B + 4 })),
      width: fc.constantFrom(1 as const, 2 as const, 4 as const),
      value: fc.nat(0xffff_ffff),
    });
    fc.assert(
      fc.property(anyAccess, ({ port, width, value }) => {
        writes = [];
        registers.rax = BigInt(value);
        t.equal(access({ port, width }), 'done');
        const [wide, where, written] = writes[0] ?? [];
        t.same([wide, where, writes.length], [width, port, 1]);
        for (let i = 0; i < width; i++) {
          const before = (value >>> (8 * i)) & 0xff;
          const off = port + i === PM1A + 1 ? OFF_A : port + i === PM1B + 1 ? OFF_B : null;
          const isRefused = off !== null && (before & 0x20) !== 0 && ((before >> 2) & 7) !== off;
          t.equal(((written ?? 0) >>> (8 * i)) & 0xff, isRefused ? before & ~0x20 : before);
        }
      }),
      { numRuns: 200 },
    );
    t.end();
  });
}

t.test('the permission map has the bits of the owned ports, and no other', (t) => {
  const anyPorts = fc.uniqueArray(fc.nat(0xffff), { maxLength: 8 });
  fc.assert(
    fc.property(anyPorts, (ports) => {
      resetMemory();
      const map = addMemory(0x1000n, 0x3000);
      for (const port of ports) ownPort(port, Owner.sleepA);
      markOwnedPorts(0x1000n);
      const marked = [...map].flatMap((byte, at) =>
        [...Array(8).keys()].filter((bit) => (byte >> bit) & 1).map((bit) => at * 8 + bit),
      );
      t.same(
        marked,
        ports.toSorted((a, b) => a - b),
      );
      for (const port of marked) t.equal(ownerOfPort(port), Owner.sleepA);
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('a port has one owner: who wants it, too, ends start-up with both names', (t) => {
  resetMemory();
  ownPort(PM1A, Owner.sleepA);
  t.throws(() => ownPort(PM1A, Owner.sleepB), HALTED);
  t.match(logText(), /the sleep register A and the sleep register B are to own the same addresses/);
  t.equal(ownerOfPort(PM1A), Owner.sleepA);
  t.equal(ownerOfPort(PM1A + 1), Owner.guest);
  t.end();
});

t.test('ports of at most 15 high bytes may have owners', (t) => {
  resetMemory();
  for (let high = 0; high < 15; high++) ownPort((0xff - high) * 0x100 + high, Owner.sleepB);
  for (let high = 0; high < 15; high++) {
    const port = (0xff - high) * 0x100 + high;
    t.same([port - 1, port, port + 1].map(ownerOfPort), [Owner.guest, Owner.sleepB, Owner.guest]);
  }
  t.throws(() => ownPort(0x1234, Owner.sleepA), HALTED);
  t.match(logText(), /the ports to be intercepted are further apart than this version has room for/);
  t.end();
});

t.test('accesses are counted by their owner, and by no other', (t) => {
  const { access, vcpu } = withSleepRegisters(amdGuest);
  access({ port: PM1A, width: 2 });
  access({ port: PM1A, width: 2, isRead: true });
  access({ port: PM1B, width: 2 });
  t.equal(vcpu.counters.accesses.get(Owner.sleepA), 2n);
  t.equal(vcpu.counters.accesses.get(Owner.sleepB), 1n);
  t.equal(vcpu.counters.accesses.get(Owner.localApic), 0n);
  t.end();
});
