/** AMD-V in Bochs, which has what QEMU's AMD-V lacks: intercepted INITs that stay pending, and next RIP save. */
import { join } from 'node:path';
import t from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';
import { checkHotplug } from '../../support/machines/hotplug.js';

t.setTimeout(1_200_000);

t.test('Linux reaches its init on the model zambezi, and powers off', async (t) => {
  const append = 'console=ttyS0 quiet tsvm.run=poweroff';
  const { serial, ended, messages } = await bootInBochs({ model: 'zambezi', append });
  t.match(serial, /^tsvm, .* on AMD-V, 1 processor/m);
  t.same(messages, []);
  t.equal(ended, 'off');
});

const HOTPLUG = { cpus: 2, model: AMD_MODEL, append: 'console=ttyS0 quiet tsvm.run=hotplug', seconds: 800 };

t.test('a processor goes offline and online, started anew by INIT and SIPI, and stays under tsvm', async (t) => {
  const { serial, ended, messages } = await bootInBochs(HOTPLUG);
  const [, first = '', second = ''] = serial.split(/^exits of processor \d+:$/m);
  for (const exits of [first, second])
    t.match(exits, /nestedPageFault/, 'Bochs does not redirect INITs: APICs stay intercepted');
  checkHotplug(t, serial, 2);
  t.same(messages, []);
  t.equal(ended, 'off');
});

t.test('with apic=release a processor that goes offline stops, and does not escape from the hypervisor', async (t) => {
  const { serial, ended } = await bootInBochs({ ...HOTPLUG, options: 'apic=release' });
  t.match(serial, /^guest: Linux .*, 2 CPU/m);
  t.match(serial, /guest: cpu1 offline, 1 CPU/);
  t.match(serial, /failed\S* to wakeup CPU#1/);
  t.notMatch(serial, /guest: cpu1 online, 2 CPU/);
  t.match(serial, /^guest: 1 answered an NMI$/m);
  t.equal(ended, 'off');
});

/** Instruction limits. They include the guest's own: two or three, four for WRMSR and VMMCALL. */
const MOST: Readonly<Record<string, number>> = {
  'RDMSR EFER': 140,
  'RDMSR VM_CR': 140,
  'WRMSR EFER': 184,
  VMMCALL: 124,
  'APIC write': 343,
  'APIC command': 343,
  'INIT command': 403,
  'SIPI command': 403,
};
const ROUNDS = 1000;

t.test('if the processor saves the next RIP, an exit takes fewer instructions', async (t) => {
  const kernel = join(await temporaryFolder(t), 'probe');
  await assembleBareProgram(root, 'probe', kernel);
  const until = /^probe: SIPI command = .*\n/m;
  const machine = { kernel, initrd: null, append: '', model: AMD_MODEL, options: 'apic=trap' };
  const { serial } = await bootInBochs({ ...machine, until, seconds: 120 });
  for (const [name, most] of Object.entries(MOST)) {
    const value = new RegExp(`^probe: ${name} = (0x[0-9a-f]+)$`, 'm').exec(serial)?.[1] ?? '0';
    const count = Number(value) / ROUNDS;
    t.ok(count > 100 && count <= most, `${name}: ${count}`);
  }
});
