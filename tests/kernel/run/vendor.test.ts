import t from 'tap';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { options, TestTimer } from '../../../kernel/machine/options.js';
import { chooseVendor, startTimer } from '../../../kernel/run/vendor.js';
import { startClock } from '../../../kernel/time/clock.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { window } from '../../../transpiler/lib/index.js';
import { simulate } from '../../../transpiler/lib/testing.js';
import { putRsdt, putTable } from '../support/acpiTables.js';
import { fadtBody, POWER_TIMER_PORT } from '../support/clocks.js';
import { AmdProcessor, HALTED, startGuest } from '../support/guest.js';
import { IntelProcessor, startIntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';

const TIMER_ACTIVE = 1n << 6n;

class Plain extends AmdProcessor {
  override readonly leaves = {};
}

t.test('a processor without virtualization is refused', (t) => {
  startGuest();
  simulate(new Plain());
  t.throws(chooseVendor, HALTED);
  t.match(logText(), /tsvm: this processor has no AMD-V \(SVM\) and no Intel VT-x \(VMX\)\n$/);
  t.end();
});

t.test('the test task is refused on AMD-V, which has no timer', (t) => {
  const { processor } = startGuest();
  processor.msrs.set(0xc001_0114, 0n);
  chooseVendor();
  options.testTimer = TestTimer.every1Ms;
  t.throws(chooseVendor, HALTED);
  t.match(logText(), /tsvm: the option test-timer= needs VT-x: AMD-V has no timer that causes VM exits\n$/);
  t.end();
});

/** A processor whose time goes on as it is looked at, in a machine with a power-management timer. */
class TimedIntel extends IntelProcessor {
  private now = 0n;
  override rdtsc = (): bigint => (this.now += 100n);
  override in32(): number {
    return Number((this.now += 100n) / 100n);
  }
}

/** Says that the machine has that timer; its other tables are there. */
function nameTimer(): void {
  const tables = new Uint8Array(0xe_3000);
  putTable(tables, 0xe_2000, 'FACP', fadtBody(POWER_TIMER_PORT, 0));
  putRsdt(tables, 0xe_0000, 0xe_1000, 0xe_2000);
  const memory = window(0n, tables.length);
  tables.forEach((byte, address) => {
    if (byte !== 0) memory.setU8(address, byte);
  });
}

t.test('on VT-x the timer starts where there is a task for it', (t) => {
  for (const [period, activated] of [
    [TestTimer.off, 0n],
    [TestTimer.every1Ms, TIMER_ACTIVE],
  ] as const) {
    const guest = startIntelGuest(new TimedIntel());
    nameTimer();
    readAcpi();
    startClock();
    options.testTimer = period;
    chooseVendor();
    startTimer(guest.vcpu);
    t.equal(guest.read(Field.pinControls) & TIMER_ACTIVE, activated);
  }
  t.end();
});
