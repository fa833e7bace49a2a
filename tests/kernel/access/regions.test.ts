import t from 'tap';
import { Owner } from '../../../kernel/access/owner.js';
import { ownerOfAddress, ownRegion } from '../../../kernel/access/regions.js';
import { READ } from '../../../kernel/paging/entryFormat.js';
import { announceRanges } from '../../../kernel/space/pageRights.js';
import { FOUR_GIB, PAGE_BYTES } from '../../../kernel/x86/pages.js';
import { gpa } from '../../../transpiler/lib/index.js';
import { HALTED, startGuest } from '../support/guest.js';
import { logText } from '../support/startup.js';

/** Behind the memory that the hypervisor's own address space has. */
const END = FOUR_GIB;

t.test('a region that the hypervisor cannot access ends start-up: an access that passes would crash it', (t) => {
  for (const [address, bytes] of [
    [END, PAGE_BYTES],
    [END - PAGE_BYTES, 2n * PAGE_BYTES],
    [END << 8n, PAGE_BYTES],
    [END - PAGE_BYTES, (1n << 64n) - PAGE_BYTES],
  ] as const) {
    startGuest();
    announceRanges(1);
    t.throws(() => ownRegion(gpa(address), bytes, READ, Owner.sleepA), HALTED);
    t.match(logText(), /a region is to be intercepted that the hypervisor cannot access/);
    t.equal(ownerOfAddress(gpa(address)), Owner.guest);
  }
  t.end();
});

t.test('the last page that the hypervisor can access may have an owner', (t) => {
  startGuest();
  announceRanges(1);
  ownRegion(gpa(END - PAGE_BYTES), PAGE_BYTES, READ, Owner.sleepA);
  t.equal(ownerOfAddress(gpa(END - 1n)), Owner.sleepA);
  t.end();
});
