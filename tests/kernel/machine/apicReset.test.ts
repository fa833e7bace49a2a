import t from 'tap';
import { resetLocalApic } from '../../../kernel/machine/apicReset.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { startGuest } from '../support/guest.js';

const APIC = 0xfee0_0000n;
const VERSION = 0x30;
const MASKED = 0x1_0000;
const UNTOUCHED = 0x5555;
/** LVT entries by the index of the last one that a version has. */
const ENTRIES = [
  [3, [0x320, 0x350, 0x360, 0x370]],
  [4, [0x320, 0x350, 0x360, 0x370, 0x340]],
  [5, [0x320, 0x350, 0x360, 0x370, 0x340, 0x330]],
  [6, [0x320, 0x350, 0x360, 0x370, 0x340, 0x330, 0x2f0]],
] as const;
const ALL = [0x2f0, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370];

for (const [last, there] of ENTRIES) {
  t.test(`an INIT masks the LVT entries up to ${last}, and touches no register that is not there`, (t) => {
    const { processor } = startGuest();
    const page = new DataView(addMemory(APIC, 0x1000).buffer);
    processor.msrs.set(0x1b, APIC | 0x900n);
    page.setUint32(VERSION, 0x14 | (last << 16), true);
    for (const offset of [...ALL, 0x500]) page.setUint32(offset, UNTOUCHED, true);
    resetLocalApic();
    const masked = ALL.filter((offset) => page.getUint32(offset, true) === MASKED);
    t.same(
      masked,
      [...there].sort((a, b) => a - b),
    );
    for (const offset of ALL.filter((one) => !masked.includes(one))) t.equal(page.getUint32(offset, true), UNTOUCHED);
    t.equal(page.getUint32(0x500, true), UNTOUCHED, 'nor one of the extended space');
    t.end();
  });
}
