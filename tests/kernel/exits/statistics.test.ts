/** The statistics for the guest's root: their content, and that the guest can only read them. */
import t from 'tap';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { publishStatistics, Statistics, statisticsPage } from '../../../kernel/exits/statistics.js';
import { isHidden } from '../../../kernel/space/nestedPaging.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { countAccess, EXIT_REASONS, COUNTED_OWNERS } from '../../../kernel/observe/counters.js';
import { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { hpa, physical, window } from '../../../transpiler/lib/index.js';
import { HIDDEN, HIDDEN_BYTES, startGuest, walkTables } from '../support/guest.js';
import { vendors } from '../support/vendors.js';
import { TlbControl } from '../../../kernel/svm/control/vmcb.js';

const PAGE = 0x1000n;
const HYPERCALL = 0x6d76_7374n;
const MAGIC = Buffer.from('tsvmstat').readBigUInt64LE();

/** Whether the guest may write or execute what an entry maps: NPT has W and NX, EPT has W and X. */
const rights: Record<string, (entry: bigint) => boolean> = {
  'AMD-V': (entry) => (entry & 2n) !== 0n || (entry & (1n << 63n)) === 0n,
  'Intel VT-x': (entry) => (entry & 6n) !== 0n,
};

for (const { name, start } of vendors) {
  t.test(`${name}: the page has the addresses of each processor's counts`, (t) => {
    const guest = start();
    publishStatistics();
    guest.registers.rax = HYPERCALL;
    guest.registers.rcx = 6n;
    guest.setPrivilege(3);
    guest.execute('hypercall');
    const page = physical(Statistics, hpa(guest.registers.rbx));
    t.equal(guest.registers.rcx, PAGE);
    t.equal(page.magic, MAGIC);
    t.same([page.version, page.bytes, page.processors, page.countsOfEach], [2, 0x58, 1, EXIT_REASONS]);
    t.same([page.hiddenStart, page.hiddenBytes], [HIDDEN, HIDDEN_BYTES]);
    const reason = vcpuOf(0).counters.exits.get(name === 'AMD-V' ? 0x81 : 18);
    const counts = window(page.counts, EXIT_REASONS * 8);
    t.equal(counts.u64(8 * (name === 'AMD-V' ? 0x81 : 18)), reason);
    t.equal(reason, 1n, 'the hypercall itself');
    countAccess(vcpuOf(0).counters, 5);
    const accesses = window(hpa(page.counts + BigInt(page.accesses)), page.accessesOfEach * 8);
    t.equal(accesses.u64(8 * 5), 1n);
    t.equal(page.accessesOfEach, COUNTED_OWNERS);
    t.end();
  });

  t.test(`${name}: in hidden memory the guest can read only these pages, and write or execute none`, (t) => {
    const guest = start();
    publishStatistics();
    const { counts } = physical(Statistics, statisticsPage());
    const shown = [statisticsPage(), counts, counts + PAGE, counts + 2n * PAGE];
    for (let page = HIDDEN; page < HIDDEN + HIDDEN_BYTES; page += PAGE) {
      const found = walkTables(guest.tables, page);
      if (!shown.includes(page)) t.equal(found, null);
      else {
        t.equal(found?.target, page);
        t.notOk(rights[name]?.(found?.entry ?? 0n));
        t.ok(isHidden(page), 'for the hypervisor it stays hidden memory');
      }
    }
    t.end();
  });

  t.test(`${name}: a write is dropped and logged, and the guest then finds the decoy there`, (t) => {
    const guest = start();
    publishStatistics();
    const page = statisticsPage();
    t.equal(guest.reachFor(page), 'again');
    t.equal(eventCount(Event.hiddenMemory), 1n);
    t.equal(physical(Statistics, page).magic, MAGIC);
    const shown = walkTables(guest.tables, page)?.target ?? 0n;
    t.not(shown, page);
    t.equal(window(shown, 8).u64(0), 0xffff_ffff_ffff_ffffn);
    t.end();
  });
}

t.test('on AMD-V the read-only translation is flushed, since the processor need not do that by itself', (t) => {
  const guest = startGuest();
  publishStatistics();
  guest.exit(0x400, 7n, statisticsPage());
  t.equal(guest.vmcb.tlbControl, TlbControl.flushAll);
  t.end();
});

t.test('each processor has its counts in pages of their own', (t) => {
  const guest = startGuest([], undefined, 1, 2);
  publishStatistics();
  const page = physical(Statistics, statisticsPage());
  t.equal(page.processors, 3);
  for (const number of [0, 1, 2]) {
    const counts = page.counts + BigInt(number) * page.countsDistance;
    t.equal(counts % PAGE, 0n);
    vcpuOf(number).counters.exits.set(5, BigInt(number) + 7n);
    t.equal(window(counts, 64).u64(40), BigInt(number) + 7n);
    t.ok(walkTables(guest.vmcb.nestedCr3, counts));
  }
  t.equal(Vcpu.bytes % Number(PAGE), 0, 'nothing of another vcpu is behind them');
  t.end();
});
