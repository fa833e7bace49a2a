import t from 'tap';
import { options, TestTimer } from '../../../kernel/machine/options.js';
import { startClock } from '../../../kernel/time/clock.js';
import { testTask } from '../../../kernel/time/testTask.js';
import { removeTimer, Task } from '../../../kernel/time/timerQueue.js';
import { local } from '../../../transpiler/lib/index.js';
import { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import {
  onPreemptionTimer,
  reloadPreemptionTimer,
  startPreemptionTimer,
} from '../../../kernel/vmx/exits/preemptionTimer.js';
import { readAllowedSettings } from '../../../kernel/vmx/control/settings.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { fadtBody, POWER_TIMER_PORT, powerOnWithFadt, TimedMachine, type Hardware } from '../support/clocks.js';

const MISC = 0x485;
const TSC_ADJUST = 0x3b;
const ACTIVATE = 1n << 6n;
const SECOND = 1_000_000_000n;

/** A processor whose preemption timer works as the manual says, and takes a guest's time. */
class VmxMachine extends TimedMachine {
  readonly fields = new Map<number, bigint>();
  rate = 5n;
  /** What the guest has added to the time-stamp counter. */
  added = 0n;

  rdmsr(msr: number): bigint {
    if (msr === TSC_ADJUST) return BigInt.asUintN(64, this.added);
    return msr === MISC ? this.rate : 0n;
  }
  override rdtsc(): bigint {
    return BigInt.asUintN(64, super.rdtsc() + this.added);
  }
  override cpuid(leaf: number): { eax: number; ebx: number; ecx: number; edx: number } {
    return { ...super.cpuid(leaf), ...(leaf === 0 ? { eax: 7 } : {}), ...(leaf === 7 ? { ebx: 2 } : {}) };
  }
  vmread(field: number): bigint {
    return this.fields.get(field) ?? 0n;
  }
  override vmwrite(field: number, value: bigint): void {
    this.fields.set(field, value);
  }
  get isArmed(): boolean {
    return (this.vmread(Field.pinControls) & ACTIVATE) !== 0n;
  }
  /** How long the guest runs before the timer ends it, in nanoseconds. */
  get left(): bigint {
    return ((this.vmread(Field.preemptionTimer) << this.rate) * SECOND) / this.hardware.tscFrequency + 1n;
  }
}

interface Running {
  readonly machine: VmxMachine;
  readonly vcpu: Vcpu;
  /** Runs the guest for so long; it leaves by itself every `exits` nanoseconds, for `handling` nanoseconds. */
  run(time: bigint, exits?: bigint, handling?: bigint): void;
  /** How often the timer ended the guest. */
  ended: number;
}

function start(period: TestTimer, hardware: Hardware = {}, rate = 5n): Running {
  const machine = new VmxMachine(hardware);
  powerOnWithFadt(machine, fadtBody(POWER_TIMER_PORT, 0));
  startClock();
  readAllowedSettings();
  const vcpu = local(Vcpu);
  options.testTimer = period;
  machine.rate = rate;
  startPreemptionTimer(vcpu);
  const running = {
    machine,
    vcpu,
    ended: 0,
    run(time: bigint, exits = SECOND, handling = 0n): void {
      const end = machine.now + time;
      while (machine.now < end) {
        const guest = end - machine.now < exits ? end - machine.now : exits;
        const isEnded = machine.isArmed && machine.left <= guest;
        machine.now += isEnded ? machine.left : guest;
        if (isEnded) running.ended++;
        if (isEnded) onPreemptionTimer(vcpu);
        else machine.now += handling;
        if (vcpu.vmx.timerEnd !== 0n) reloadPreemptionTimer(vcpu);
      }
    },
  };
  return running;
}

t.test('each run of the task is one exit, late by less than 1% of the period', (t) => {
  for (const [choice, period, runs] of [
    [TestTimer.every1Ms, 1_000, 1_000],
    [TestTimer.every10Ms, 10_000, 100],
    [TestTimer.every1S, 1_000_000, 10],
  ] as const) {
    for (const hasInvariantTsc of [true, false]) {
      const running = start(choice, { hasInvariantTsc });
      running.run((BigInt(period * runs) + BigInt(period) / 2n) * 1_000n, 10n * SECOND);
      t.equal(testTask.runs, BigInt(runs));
      t.equal(testTask.missed, 0n);
      t.ok(testTask.greatestLateness * 100n < testTask.period, `${testTask.greatestLateness} of ${testTask.period}`);
      if (hasInvariantTsc) t.equal(running.ended, runs);
    }
  }
  t.end();
});

t.test('a guest with endless exits does not delay the task', (t) => {
  const running = start(TestTimer.every1Ms);
  running.run(SECOND / 10n, 2_000n, 2_000n);
  t.ok(testTask.runs >= 99n, `${testTask.runs}`);
  t.ok(testTask.greatestLateness * 100n < testTask.period, `${testTask.greatestLateness} of ${testTask.period}`);
  t.end();
});

t.test('a guest that exits without executing an instruction does not delay the task', (t) => {
  const running = start(TestTimer.every1Ms);
  running.run(SECOND / 10n, 0n, 2_000n);
  t.equal(running.ended, 0);
  t.ok(testTask.runs >= 99n, `${testTask.runs}`);
  t.end();
});

t.test('the task is not run early, however coarse the timer is', (t) => {
  for (const rate of [0n, 5n, 31n]) {
    const running = start(TestTimer.every1Ms, {}, rate);
    const left = testTask.deadline - (running.machine.now * 2_500n) / 1_000n;
    t.ok(running.machine.vmread(Field.preemptionTimer) << rate > left - 2n, `${left}`);
  }
  t.end();
});

t.test('a wait for which the timer has too few bits is made in parts', (t) => {
  const running = start(TestTimer.every1S, { tscFrequency: 5_900_000_000n }, 0n);
  running.run(3n * SECOND + SECOND / 2n, 10n * SECOND);
  t.equal(testTask.runs, 3n);
  t.ok(testTask.greatestLateness * 100n < testTask.period);
  t.end();
});

t.test('a clock that wraps around is read before it does', (t) => {
  const running = start(TestTimer.every1S, { hasInvariantTsc: false });
  running.run(20n * SECOND + SECOND / 2n, 100n * SECOND);
  t.equal(testTask.runs, 20n);
  t.end();
});

t.test('a guest that sets the time-stamp counter neither stops the task nor has it run more often', (t) => {
  for (const hasInvariantTsc of [true, false]) {
    for (const added of [-1n << 60n, 1n << 60n, -2_000_000n]) {
      const running = start(TestTimer.every1Ms, { hasInvariantTsc });
      running.run(SECOND / 10n);
      running.machine.added = added;
      running.run(SECOND / 10n + SECOND / 2_000n);
      t.equal(testTask.runs, 200n);
      t.equal(testTask.missed, 0n);
    }
  }
  t.end();
});

t.test('the timer is off while nothing waits', (t) => {
  const running = start(TestTimer.every1Ms);
  t.ok(running.machine.isArmed);
  removeTimer(Task.test);
  running.machine.now += SECOND;
  reloadPreemptionTimer(running.vcpu);
  t.notOk(running.machine.isArmed);
  t.equal(running.vcpu.vmx.timerEnd, 0n);
  t.end();
});
