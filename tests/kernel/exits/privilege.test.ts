/** The privileges that hypercalls need. */
import t from 'tap';
import { HypercallChoice, options } from '../../../kernel/machine/options.js';
import { vendors } from '../support/vendors.js';

const MAGIC = 0x6d76_7374n;
const NOT_ALLOWED = 3n;
const NO_SUCH_FUNCTION = 1n;
/** Exit counts, the log, the address of the hypervisor's memory, and counts by owner. */
const KERNEL_ONLY = [1n, 2n, 3n, 7n, 8n];
const FUNCTIONS = 9n;
/** All functions, and numbers without a function. */
const ALL = [
  ...Array.from({ length: Number(FUNCTIONS) + 2 }, (_, called) => BigInt(called)),
  31n,
  32n,
  33n,
  34n,
  0xffff_ffffn,
  0xffff_ffff_ffff_ffffn,
];

for (const { name, start } of vendors) {
  for (const [word, choice] of Object.entries(HypercallChoice)) {
    for (const level of [0, 1, 2, 3]) {
      t.test(`${name}, hypercall=${word}: at privilege level ${level}`, (t) => {
        for (const called of ALL) {
          const guest = start();
          options.hypercall = choice;
          guest.setPrivilege(level);
          guest.registers.rax = MAGIC;
          guest.registers.rcx = called;
          guest.registers.rbx = 77n;
          t.equal(guest.execute('hypercall'), 'done');
          const isRefused = level !== 0 && word === 'kernel' && KERNEL_ONLY.includes(called);
          t.equal(guest.registers.rax === NOT_ALLOWED, isRefused, `function ${called}`);
          if (isRefused) t.same([guest.registers.rbx, guest.registers.rcx], [77n, called], 'nothing else has changed');
          t.equal(guest.registers.rax === NO_SUCH_FUNCTION, called >= FUNCTIONS);
        }
        t.end();
      });
    }
  }
}
