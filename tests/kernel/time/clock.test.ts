import fc from 'fast-check';
import t from 'tap';
import {
  clockFrequency,
  clockRound,
  clockSource,
  ClockSource,
  countsOf,
  nanosecondsOf,
  readClock,
  startClock,
} from '../../../kernel/time/clock.js';
import { HALTED } from '../../support/image.js';
import {
  fadtBody,
  HpetMachine,
  POWER_TIMER_FREQUENCY,
  POWER_TIMER_PORT,
  powerOnTimed,
  powerOnWithFadt,
  powerOnWithHpet,
  TimedMachine,
} from '../support/clocks.js';
import { logText } from '../support/startup.js';

const SECOND = 1_000_000_000n;

/** How far the clock goes while the machine's time goes on by these steps, in nanoseconds. */
function measured(machine: TimedMachine, ...steps: bigint[]): bigint {
  const start = readClock();
  let now = start;
  for (const step of steps) {
    machine.now += step;
    now = readClock();
  }
  return nanosecondsOf(now - start);
}

function isNear(value: bigint, expected: bigint, tolerance: bigint): boolean {
  return value >= expected - tolerance && value <= expected + tolerance;
}

t.test('a time-stamp counter of constant rate is the clock, measured within 0.1%', (t) => {
  for (const tscFrequency of [800_000_000n, 1_000_000_000n, 2_893_307_000n, 5_800_000_000n]) {
    for (const powerTimerBits of [24, 32] as const) {
      powerOnTimed({ tscFrequency, powerTimerBits });
      startClock();
      t.equal(clockSource(), ClockSource.tsc);
      t.ok(isNear(clockFrequency(), tscFrequency, tscFrequency / 1000n), clockFrequency().toString());
    }
  }
  t.end();
});

t.test('a port that is slow to read does not spoil the measurement', (t) => {
  powerOnTimed({ portTime: 20_000n });
  startClock();
  t.ok(isNear(clockFrequency(), 2_500_000_000n, 2_500_000n), clockFrequency().toString());
  t.end();
});

t.test('system management code in the middle of a reading does not spoil the measurement', (t) => {
  class Interrupted extends TimedMachine {
    reads = 0;
    override in32(port: number): number {
      if (++this.reads % 9 === 1) this.now += 500_000n;
      const count = super.in32(port);
      if (this.reads % 9 === 5) this.now += 500_000n;
      return count;
    }
  }
  powerOnWithFadt(new Interrupted(), fadtBody(POWER_TIMER_PORT, 0));
  startClock();
  t.ok(isNear(clockFrequency(), 2_500_000_000n, 2_500_000n), clockFrequency().toString());
  t.end();
});

t.test('a wrap-around of the timer does not spoil the measurement', (t) => {
  const machine = powerOnTimed();
  machine.now = (((1n << 24n) - 20_000n) * SECOND) / POWER_TIMER_FREQUENCY;
  startClock();
  t.ok(isNear(clockFrequency(), 2_500_000_000n, 2_500_000n), clockFrequency().toString());
  t.end();
});

t.test('without a power-management timer it is measured by the HPET, which is left as it was', (t) => {
  for (const period of [69_841_279n, 100_000_000n, 41_666_667n]) {
    const machine = new HpetMachine(period);
    powerOnWithHpet(machine);
    startClock();
    t.equal(clockSource(), ClockSource.tsc);
    t.ok(isNear(clockFrequency(), 2_500_000_000n, 2_500_000n), clockFrequency().toString());
    t.notOk(machine.isEnabled);
  }
  t.end();
});

t.test('an HPET that cannot be used is ignored', (t) => {
  for (const [period, space] of [
    [0n, 0],
    [100_000_001n, 0],
    [69_841_279n, 1],
  ] as const) {
    powerOnWithHpet(new HpetMachine(period), space);
    t.throws(startClock, HALTED);
    t.match(logText(), /^tsvm: the firmware names no timer \(ACPI tables FACP and HPET\)/);
  }
  t.end();
});

t.test('the HPET is no clock: a guest can stop it', (t) => {
  powerOnWithHpet(new HpetMachine(69_841_279n, { hasInvariantTsc: false }));
  t.throws(startClock, HALTED);
  t.match(logText(), /^tsvm: the firmware names no power-management timer/);
  t.end();
});

t.test('without a usable time-stamp counter the power-management timer is the clock', (t) => {
  powerOnTimed({ hasInvariantTsc: false });
  startClock();
  t.equal(clockSource(), ClockSource.powerTimer);
  t.equal(clockFrequency(), POWER_TIMER_FREQUENCY);
  t.end();
});

t.test('start-up says which clock there is', (t) => {
  powerOnTimed({ hasInvariantTsc: false });
  startClock();
  t.equal(logText(), 'tsvm: time comes from the ACPI power-management timer, 3579 kHz\n');
  powerOnTimed();
  startClock();
  t.match(logText(), /^tsvm: time comes from the time-stamp counter, 2(499|500)\d\d\d kHz\n$/);
  t.end();
});

t.test('either clock measures a second', (t) => {
  for (const hasInvariantTsc of [true, false]) {
    const machine = powerOnTimed({ hasInvariantTsc });
    startClock();
    t.ok(isNear(measured(machine, SECOND), SECOND, SECOND / 1000n));
  }
  t.end();
});

t.test('the power-management clock goes on when its 24 or 32 bits wrap around', (t) => {
  for (const powerTimerBits of [24, 32] as const) {
    const machine = powerOnTimed({ hasInvariantTsc: false, powerTimerBits });
    startClock();
    const round = ((1n << BigInt(powerTimerBits)) * SECOND) / POWER_TIMER_FREQUENCY;
    const step = (round * 9n) / 10n;
    t.ok(isNear(measured(machine, step, step, step), 3n * step, 100_000n), `${powerTimerBits}`);
    t.equal(clockRound(), 1n << BigInt(powerTimerBits));
  }
  t.end();
});

t.test('a clock never goes back', (t) => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.bigInt({ min: 0n, max: 4_600_000_000n })), (hasInvariantTsc, steps) => {
      const machine = powerOnTimed({ hasInvariantTsc });
      startClock();
      let last = readClock();
      for (const step of steps) {
        machine.now += step;
        const now = readClock();
        t.ok(now >= last);
        last = now;
      }
    }),
    { numRuns: 20 },
  );
  t.end();
});

t.test('without a power-management timer start-up stops', (t) => {
  powerOnWithFadt(new TimedMachine({ hasInvariantTsc: false }), null);
  t.throws(startClock, HALTED);
  t.match(logText(), /^tsvm: the firmware names no power-management timer/);
  t.end();
});

t.test('a power-management timer that stands still stops start-up', (t) => {
  const machine = new TimedMachine();
  machine.in32 = () => 5;
  powerOnWithFadt(machine, fadtBody(POWER_TIMER_PORT, 0));
  t.throws(startClock, HALTED);
  t.equal(logText(), 'tsvm: the timer that time is measured by stands still\n');
  t.end();
});

t.test('a time-stamp counter that stands still stops start-up', (t) => {
  powerOnTimed({ tscFrequency: 0n });
  t.throws(startClock, HALTED);
  t.equal(logText(), 'tsvm: the time-stamp counter stands still\n');
  t.end();
});

t.test('times become counts, and counts times', (t) => {
  powerOnTimed({ hasInvariantTsc: false });
  startClock();
  t.equal(countsOf(1_000_000), POWER_TIMER_FREQUENCY);
  t.equal(countsOf(1), 3n);
  t.equal(nanosecondsOf(POWER_TIMER_FREQUENCY * 86_400n), SECOND * 86_400n);
  t.equal(nanosecondsOf(0n), 0n);
  t.end();
});
