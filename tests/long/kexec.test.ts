/** A kernel started by kexec takes over the processors. On AMD-V, interception of local-APIC writes has ended before that. */
import t from 'tap';
import { DEFAULT_BOCHS_MACHINE } from '../../emulators/bochs.js';
import { AMD_MODEL, bootInBochs } from '../support/machines/bochs.js';
import { checkHotplug } from '../support/machines/hotplug.js';
import { withNext } from '../support/machines/nextKernel.js';

t.setTimeout(1_800_000);

for (const model of [AMD_MODEL, DEFAULT_BOCHS_MACHINE.model]) {
  t.test(`with two processors of ${model}, another kernel starts both and takes one offline and online`, async (t) => {
    const initrd = await withNext(t, 'console=ttyS0 quiet tsvm.run=hotplug');
    const machine = { model, cpus: 2, memory: '768M', initrd, seconds: 1500 };
    const { serial, ended, messages } = await bootInBochs({ ...machine, append: 'console=ttyS0 quiet tsvm.run=kexec' });
    t.equal(serial.match(/^guest: Linux .*, 2 CPU/gm)?.length, 2);
    t.equal(serial.match(/^tsvm: starting the guest$/gm)?.length, 1);
    checkHotplug(t, serial, 2);
    t.same(messages, []);
    t.equal(ended, 'off');
  });
}
