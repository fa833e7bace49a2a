import t from 'tap';
import { exitCounts } from '../../support/machines/exits.js';
import { boot, hypervisorLines } from '../../support/machines/harness.js';

const MACHINES = [
  { cpu: 'EPYC', machine: 'pc', memory: '512M' },
  { cpu: 'EPYC', machine: 'q35', memory: '512M' },
  { cpu: 'EPYC', machine: 'pc', memory: '6G' },
  { cpu: 'EPYC', machine: 'q35', memory: '6G' },
  { cpu: 'max', machine: 'pc', memory: '3G' },
  { cpu: 'max', machine: 'q35', memory: '1G' },
];

/**
 * Limit of exits from the kernel's entry to init. Linux accesses EFER; its local APIC once; MTRR_DEF_TYPE twice each time it sets
 * the PAT; AMD's DE_CFG, FP_CFG and NB_CFG once.
 */
const MOST_EXITS = 20;

/** Limit of exits for ports until init: Linux selects a byte of CMOS memory some 80 times to read and set its clock. */
const MOST_PORTS = 120;

/** The number of exits that tsvm-stat lists, without those for ports and for its own hypercalls. */
function otherExits(exits: ReadonlyMap<string, number>): number {
  return [...exits].reduce((sum, [reason, count]) => (/^(vmmcall|port)$/.test(reason) ? sum : sum + count), 0);
}

for (const machine of MACHINES) {
  t.test(`Linux reaches its init and powers off: ${Object.values(machine).join(', ')}`, async (t) => {
    const { serial, ended } = await boot({
      ...machine,
      options: 'apic=release',
      append: 'console=ttyS0 tsvm.run=poweroff',
    });
    t.match(serial, /^guest: ready$/m);
    t.match(serial, /reboot: Power down/);
    t.equal(ended, 'off');
    const exits = exitCounts(serial);
    const others = otherExits(exits);
    const ports = exits.get('port') ?? 0;
    t.ok(others > 0 && others <= MOST_EXITS, `${others} exits until init`);
    t.ok(ports > 0 && ports <= MOST_PORTS, `${ports} exits for ports until init`);
  });
}

t.test('the shell answers', async (t) => {
  const { serial } = await boot({
    append: 'console=ttyS0 quiet',
    dialogue: [
      [/A shell in the guest/, 'echo sum $((40 + 2))'],
      [/^sum 42$/m, 'exit'],
    ],
  });
  t.match(serial, /^sum 42$/m);
  t.match(serial, /reboot: Power down/);
});

t.test('the hypervisor prints its name and version before the guest starts', async (t) => {
  const { serial } = await boot({ append: 'console=ttyS0 tsvm.run=poweroff' });
  const [first = ''] = hypervisorLines(serial);
  t.match(first, /^tsvm: /);
  t.ok(serial.indexOf(first) < serial.indexOf('Linux version'));
});

t.test('with console=none the serial port is the guest’s from its first byte on', async (t) => {
  const { serial } = await boot({ options: 'console=none', append: 'console=ttyS0 tsvm.run=poweroff' });
  t.match(serial, /^guest: ready$/m);
  t.same(hypervisorLines(serial), []);
});

t.test('a guest that reboots resets the machine', async (t) => {
  const { serial, ended } = await boot({ append: 'console=ttyS0 tsvm.run=reboot' });
  t.match(serial, /reboot: Restarting system/);
  t.equal(ended, 'off');
});

t.test('a guest that panics with panic=-1 resets the machine', async (t) => {
  const { serial, ended } = await boot({ append: 'console=ttyS0 panic=-1 tsvm.run=panic' });
  t.match(serial, /Kernel panic - not syncing: sysrq triggered crash/);
  t.equal(ended, 'off');
});
