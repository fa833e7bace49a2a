/** Several processors with Intel VT-x. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { localApic, putMadt } from '../../kernel/support/acpiTables.js';
import { bootInBochs } from '../../support/machines/bochs.js';
import { hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';
import { checkHotplug } from '../../support/machines/hotplug.js';

t.setTimeout(900_000);

t.test('two processors start under the hypervisor, though Bochs locks VMX off for one of them only', async (t) => {
  const append = 'console=ttyS0 quiet tsvm.run=poweroff';
  const { serial, ended, messages } = await bootInBochs({ cpus: 2, append, seconds: 600 });
  t.match(serial, /^guest: Linux .*, 2 CPU/m);
  t.match(serial, /^tsvm, .* on Intel VT-x, 2 processors/m);
  const [, , second = ''] = serial.split(/^exits of processor \d+:$/m);
  t.match(second, /^ +\d+ {2}cpuid /m);
  t.match(second, /^ +1 {2}sipi /m);
  t.same(messages, []);
  t.equal(ended, 'off');
});

t.test('a processor goes offline and online, started anew by INIT and SIPI, and stays under tsvm', async (t) => {
  const append = 'console=ttyS0 quiet tsvm.run=hotplug';
  const { serial, ended, messages } = await bootInBochs({ cpus: 2, append, seconds: 800 });
  checkHotplug(t, serial, 2);
  t.same(messages, []);
  t.equal(ended, 'off');
});

t.test('an NMI that comes while the hypervisor runs reaches the guest', async (t) => {
  const append = 'console=ttyS0 quiet sysrq_always_enabled tsvm.run=nmi';
  const { serial, ended, messages } = await bootInBochs({ cpus: 2, append, seconds: 800 });
  t.match(serial, /^guest: 20 of 20 NMIs while CPUID is executed$/m);
  const [, , second = ''] = (serial.split(/^guest: 20 of 20/m)[1] ?? '').split(/^exits of processor \d+:$/m);
  t.ok(Number(/^ +(\d+) {2}preemptionTimer /m.exec(second)?.[1]) > 5, 'so many came while it did');
  t.same(messages, []);
  t.equal(ended, 'off');
});

t.test('the report names a processor that does not answer', async (t) => {
  const table = new Uint8Array(60);
  putMadt(table, 0, localApic(0, 1), localApic(1, 1));
  const initrd = join(await temporaryFolder(t), 'madt');
  await writeFile(initrd, table);
  const { serial, ended } = await bootInBochs({
    ...{ initrd, loaderCommands: ['acpi --exclude=APIC /initrd'] },
    ...{ until: /^tsvm: .* answer\n/m, seconds: 200 },
  });
  t.equal(hypervisorLines(serial).at(-1), 'tsvm: the processor with APIC ID 0x1 does not answer');
  t.equal(ended, 'stopped');
});
