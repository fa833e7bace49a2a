import t from 'tap';
import { boot, hypervisorLines } from '../../support/machines/harness.js';

const OPEN = 'tsvm: warning: the firmware left open';
const SMRAM = `${OPEN} the memory of system management mode (SMRAM.D_LCK is clear)`;
const FLASH = `${OPEN} the flash of the firmware (BIOS_CNTL)`;
const SMI = `${OPEN} the enabling of SMIs (GEN_PMCON_1.SMI_LOCK is clear)`;
const REFUSED = 'tsvm: require=locks: lock it in the setup of the firmware, or update the firmware';

/** SeaBIOS locks SMI_EN on q35. This OVMF is built without system management mode and locks nothing. */
const MACHINES = [
  { name: 'SeaBIOS on q35', machine: 'q35', uefi: false, lines: [SMRAM, FLASH] },
  { name: 'OVMF on q35', machine: 'q35', uefi: true, lines: [SMRAM, FLASH, SMI] },
  {
    ...{ name: 'SeaBIOS on pc', machine: 'pc', uefi: false },
    lines: [SMRAM, 'tsvm: warning: unknown flash bridge 0xffffffff: cannot tell whether the firmware locked the flash'],
  },
] as const;

for (const { name, lines, ...machine } of MACHINES) {
  t.test(`with require=locks tsvm reports what ${name} leaves unlocked, and starts no guest`, async (t) => {
    const { serial, ended } = await boot({ ...machine, options: 'require=locks', until: /^tsvm: require=locks.*\n/m });
    const told = hypervisorLines(serial.replaceAll(/^.*(?=tsvm: )/gm, ''));
    t.same(
      told.filter((line) => !line.includes('time comes from')),
      [...lines, REFUSED],
    );
    t.equal(ended, 'stopped');
  });
}
