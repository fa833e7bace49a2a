import t from 'tap';
import { onHypercall } from '../../../kernel/exits/hypercall.js';
import { startClock } from '../../../kernel/time/clock.js';
import { testTask } from '../../../kernel/time/testTask.js';
import { Vcpu, type Registers } from '../../../kernel/vcpu/vcpu.js';
import { local } from '../../../transpiler/lib/index.js';
import { POWER_TIMER_FREQUENCY, powerOnTimed } from '../support/clocks.js';

const TIME = 4n;
const TEST_TASK = 5n;
const SECOND = 1_000_000_000n;

function call(name: bigint): Registers {
  const vcpu = local(Vcpu);
  vcpu.registers.rcx = name;
  onHypercall(vcpu, 3);
  return vcpu.registers;
}

t.test('the time and its clock are reported', (t) => {
  for (const hasInvariantTsc of [false, true]) {
    const machine = powerOnTimed({ hasInvariantTsc });
    startClock();
    const { rax, rbx: start, rcx: source, rdx: frequency } = call(TIME);
    machine.now += SECOND;
    const passed = call(TIME).rbx - start;
    t.equal(rax, 0n);
    t.equal(source, hasInvariantTsc ? 1n : 0n);
    if (!hasInvariantTsc) t.equal(frequency, POWER_TIMER_FREQUENCY);
    t.ok(passed > (SECOND * 999n) / 1000n && passed < (SECOND * 1001n) / 1000n, `${passed} ns`);
  }
  t.end();
});

t.test('without a test task there are no figures', (t) => {
  powerOnTimed();
  startClock();
  t.equal(call(TEST_TASK).rax, 2n);
  t.end();
});

t.test('the figures of the test task are reported', (t) => {
  powerOnTimed({ hasInvariantTsc: false });
  startClock();
  testTask.period = POWER_TIMER_FREQUENCY;
  testTask.runs = 12n;
  testTask.missed = 3n;
  testTask.greatestLateness = POWER_TIMER_FREQUENCY / 5n;
  const { rax, rbx, rcx, rdx, rsi } = call(TEST_TASK);
  t.same([rax, rbx, rcx, rdx, rsi], [0n, 12n, 200_000_000n, SECOND, 3n]);
  t.end();
});
