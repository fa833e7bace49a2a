/** Guests end as on the bare machine: by reset, by power-off, or by another kernel. */
import t, { type Test } from 'tap';
import { boot } from '../../support/machines/harness.js';
import { withNext } from '../../support/machines/nextKernel.js';

/** The ways that Linux has to reset a machine (Linux, Documentation/admin-guide/kernel-parameters.txt, reboot=). */
const RESETS = [
  ['the keyboard controller', 'k'],
  ['the reset register of ACPI', 'a'],
  ['a triple fault', 't'],
] as const;

for (const [way, letter] of RESETS) {
  t.test(`a reset by ${way} starts the machine anew`, async (t) => {
    const { serial, ended } = await boot({
      append: `console=ttyS0 quiet reboot=${letter} tsvm.run=reboot`,
      endOnReset: false,
      until: /(^guest: ready$[^]*){2}/m,
    });
    t.equal(serial.match(/^tsvm: starting the guest$/gm)?.length, 2);
    t.equal(ended, 'stopped');
  });
}

t.test('a guest that powers off ends the machine', async (t) => {
  const { serial, ended } = await boot({ append: 'console=ttyS0 tsvm.run=poweroff', endOnReset: false });
  t.match(serial, /reboot: Power down/);
  t.equal(ended, 'off');
});

/** Checks the output of two kernels that ran one after the other under the hypervisor, which kept its counts. */
function twoKernels(t: Test, serial: string): void {
  t.equal(serial.match(/^guest: ready$/gm)?.length, 2);
  t.equal(serial.match(/^tsvm, hypercall interface/gm)?.length, 2);
  t.equal(serial.match(/^tsvm: starting the guest$/gm)?.length, 1);
}

t.test('another kernel starts from the guest, still under the hypervisor', async (t) => {
  const append = 'console=ttyS0 quiet tsvm.run=kexec';
  const { serial, ended } = await boot({
    append,
    initrd: await withNext(t, 'console=ttyS0 quiet no_timer_check tsvm.run=poweroff'),
  });
  twoKernels(t, serial);
  t.match(serial, /reboot: Power down/);
  t.equal(ended, 'off');
});

t.test('after a crash of the guest the crash kernel starts', async (t) => {
  const append = 'console=ttyS0 quiet crashkernel=192M tsvm.run=kdump';
  const initrd = await withNext(t, 'console=ttyS0 quiet no_timer_check nr_cpus=1 reset_devices tsvm.run=vmcore');
  const { serial, ended } = await boot({ append, initrd });
  t.match(serial, /sysrq triggered crash/);
  twoKernels(t, serial);
  t.match(serial, /^guest: vmcore \d{9,}$/m);
  t.equal(ended, 'off');
});
