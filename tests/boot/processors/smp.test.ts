/** Several processors on AMD-V, where local-APIC writes are intercepted. */
import t from 'tap';
import { describe, processorsBelow, SHARED_MACHINES } from '../../../bench/processors.js';
import { boot, hypervisorLines } from '../../support/machines/harness.js';
import { checkHotplug } from '../../support/machines/hotplug.js';

const EXIT = /^ +(\d+) {2}(\w+)/gm;

/** Exits of each processor by reason, as tsvm-stat lists them. */
function exitsOf(serial: string): Record<string, number>[] {
  return serial
    .split(/^exits of processor \d+:$/m)
    .slice(1)
    .map((part) =>
      Object.fromEntries([...part.matchAll(EXIT)].map(([, count, reason = '']) => [reason, Number(count)])),
    );
}

for (const machine of ['pc', 'q35']) {
  t.test(`two processors start under the hypervisor on ${machine}`, async (t) => {
    const { serial, ended } = await boot({ machine, cpus: 2, append: 'console=ttyS0 quiet tsvm.run=poweroff' });
    t.match(serial, /^guest: Linux .*, 2 CPU/m);
    t.match(serial, /^tsvm, .*, 2 processors/m);
    const exits = exitsOf(serial);
    t.equal(exits.length, 2);
    for (const { nestedPageFault = 0 } of exits) t.ok(nestedPageFault > 0, `${nestedPageFault} writes to local APICs`);
    t.equal(ended, 'off');
  });
}

for (const round of [1, 2, 3]) {
  t.test(`four processors start, and power off: ${round}`, async (t) => {
    const { serial, ended } = await boot({ cpus: 4, append: 'console=ttyS0 quiet tsvm.run=poweroff' });
    t.match(serial, /^guest: Linux .*, 4 CPU/m);
    t.match(serial, /reboot: Power down/);
    t.equal(ended, 'off');
  });
}

t.test('processors go offline and come online again, still under the hypervisor, and all answer NMIs', async (t) => {
  const append = 'console=ttyS0 quiet sysrq_always_enabled tsvm.run=hotplug';
  const { serial, ended } = await boot({ cpus: 3, append });
  checkHotplug(t, serial, 3);
  t.equal(ended, 'off');
});

for (const machine of SHARED_MACHINES) {
  t.test(`with apic=release steady phases have no VM exit on any processor: ${describe(machine)}`, async (t) => {
    const append = 'console=ttyS0 quiet tsvm.run=smp-quick';
    const { serial, ended } = await boot({ ...machine, options: 'apic=release', append });
    t.match(hypervisorLines(serial).join('\n'), /warning: apic=release: once all processors run, an INIT/);
    const phases = [...serial.matchAll(/^guest: phase (.+) ticks=\d+ before=(.*) after=(.*)$/gm)];
    t.same(
      phases.map(([, name]) => name),
      ['ping-pong', 'sleeps', 'idle', 'fork+exec', 'fork+exec on one'],
    );
    for (const [, name = '', before = '', after = ''] of phases) t.same(countsOf(after), countsOf(before), name);
    t.equal(processorsBelow(serial), machine.cpus, 'all are still under tsvm');
    t.equal(ended, 'off');
  });
}

t.test('a guest with two processors reboots', async (t) => {
  const { serial, ended } = await boot({ cpus: 2, append: 'console=ttyS0 tsvm.run=reboot' });
  t.match(serial, /reboot: Restarting system/);
  t.equal(ended, 'off');
});

/** The counts without the hypercalls that read them. */
function countsOf(report: string): unknown {
  const { processors } = JSON.parse(report) as { processors: Record<string, number>[] };
  return processors.map((counts) => ({ ...counts, vmmcall: 0 }));
}
