import t from 'tap';
import { Verdict } from '../../../kernel/access/access.js';
import { Event } from '../../../kernel/observe/events.js';
import { READ } from '../../../kernel/paging/entryFormat.js';
import { eventCount } from '../support/events.js';
import { CODE, RESET } from '../support/guest.js';
import { answerBy, asked, OWNER, REGION, regionVendors } from '../support/regionGuest.js';
import { logText } from '../support/startup.js';

const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };
const INVALID_OPCODE = { vector: 6, type: 3, errorCode: null };
const ONES = 0xffff_ffff_ffff_ffffn;
/** MOV EAX, [RBX]; MOVSX RAX, byte [RBX]; MOV [RBX], EAX; ADD [RBX], EAX; ADD EAX, [RBX]. */
const LOAD = [0x8b, 0x03];
const LOAD_SIGNED = [0x48, 0x0f, 0xbe, 0x03];
const STORE = [0x89, 0x03];
const ADD = [0x01, 0x03];
const ADD_TO_REGISTER = [0x03, 0x03];
const FLAGS_TF = 0x100n;
const FLAGS_RF = 0x1_0000n;

for (const { name, start } of regionVendors) {
  t.test(`${name}: a read that passes gives what the device has, and the guest goes on behind it`, (t) => {
    const guest = start();
    guest.view.setUint32(REGION + 4, 0x8765_4321, true);
    guest.registers.rax = ONES;
    guest.setFlags(2n | FLAGS_RF);
    t.equal(guest.access(LOAD, 'read', REGION + 4), null);
    t.equal(guest.registers.rax, 0x8765_4321n);
    t.equal(guest.rip(), BigInt(CODE + LOAD.length));
    t.equal(guest.flags(), 2n, 'RF is clear behind the instruction');
    t.same(asked, [['read', REGION + 4, 4, 0n]]);
    t.equal(guest.vcpu.counters.accesses.get(OWNER), 1n);
    t.end();
  });

  t.test(`${name}: a read that the mediator answers does not reach the device`, (t) => {
    const guest = start();
    guest.view.setUint8(REGION, 1);
    answerBy((access) => {
      access.value = 0x80n;
      return Verdict.done;
    });
    t.equal(guest.access(LOAD_SIGNED, 'read'), null);
    t.equal(guest.registers.rax, 0xffff_ffff_ffff_ff80n);
    t.end();
  });

  t.test(`${name}: an instruction that reads and writes does both, and sets flags`, (t) => {
    const guest = start();
    guest.view.setUint32(REGION, 0xffff_ffff, true);
    guest.registers.rax = 1n;
    t.equal(guest.access(ADD, 'write'), null);
    t.equal(guest.view.getUint32(REGION, true), 0);
    t.equal(guest.flags() & 0x8d5n, 0x55n, 'CF, PF, AF and ZF');
    t.same(asked, [
      ['read', REGION, 4, 0n],
      ['write', REGION, 4, 0n],
    ]);
    t.end();
  });

  t.test(`${name}: the destination of a read may be RSP`, (t) => {
    const guest = start();
    guest.view.setUint32(REGION, 0x10, true);
    guest.setStack(0x7000n);
    t.equal(guest.access([0x48, 0x0f, 0xb6, 0x23], 'read'), null); // movzx rsp, byte [rbx]
    t.equal(guest.stack(), 0x10n);
    t.end();
  });

  t.test(`${name}: a verdict of ignore drops writes, and reads give ones`, (t) => {
    const guest = start();
    answerBy(() => Verdict.ignore);
    guest.registers.rax = 0x1234n;
    t.equal(guest.access(STORE, 'write'), null);
    t.equal(guest.view.getUint32(REGION, true), 0);
    t.equal(guest.access(LOAD, 'read'), null);
    t.equal(guest.registers.rax, 0xffff_ffffn);
    t.equal(guest.access(LOAD_SIGNED, 'read'), null);
    t.equal(guest.registers.rax, ONES);
    t.end();
  });

  t.test(`${name}: a verdict of hold repeats the instruction, and nothing has changed`, (t) => {
    for (const [code, cause] of [
      [LOAD, 'read'],
      [STORE, 'write'],
      [ADD, 'write'],
      [ADD_TO_REGISTER, 'read'],
      [[0xf3, 0xa5], 'read'],
      [[0xf3, 0xab], 'write'],
    ] as const) {
      const guest = start();
      answerBy(() => Verdict.hold);
      Object.assign(guest.registers, { rax: 3n, rcx: 2n, rsi: BigInt(REGION), rdi: 0x3_0000n });
      guest.setFlags(2n | FLAGS_TF);
      t.equal(guest.access(code, cause), null);
      t.equal(guest.rip(), BigInt(CODE));
      t.equal(guest.flags(), 2n | FLAGS_TF);
      const { rax, rcx, rsi, rdi } = guest.registers;
      t.same([rax, rcx, rsi, rdi], [3n, 2n, BigInt(REGION), 0x3_0000n]);
      t.equal(guest.view.getUint32(REGION, true), 0);
    }
    t.end();
  });

  t.test(`${name}: a write that is held after its read has changed nothing`, (t) => {
    const guest = start();
    answerBy((access) => (access.isWrite ? Verdict.hold : Verdict.pass));
    guest.registers.rax = 1n;
    t.equal(guest.access([0x0f, 0xc1, 0x03], 'write'), null); // xadd [rbx], eax
    t.equal(guest.registers.rax, 1n);
    t.equal(guest.rip(), BigInt(CODE));
    t.end();
  });

  t.test(`${name}: a verdict of fault raises #GP`, (t) => {
    const guest = start();
    answerBy(() => Verdict.fault);
    guest.registers.rax = 5n;
    t.same(guest.access(LOAD, 'read'), GENERAL_PROTECTION);
    t.same(guest.access(STORE, 'write'), GENERAL_PROTECTION);
    t.equal(guest.rip(), BigInt(CODE));
    t.equal(guest.registers.rax, 5n);
    t.end();
  });

  t.test(`${name}: an unknown instruction raises #GP, and its event has its first bytes and its address`, (t) => {
    const guest = start();
    const code = [0x0f, 0x10, 0x03, 0x90, 0x90, 0x90, 0x90, 0x91, 0x92]; // movups xmm0, [rbx]
    t.same(guest.access(code, 'read'), GENERAL_PROTECTION);
    t.equal(guest.rip(), BigInt(CODE));
    t.equal(eventCount(Event.unknownInstruction), 1n);
    t.match(logText(), /by an instruction that is not known, first bytes 0xf10039090909091 at 0x20000/);
    t.same(asked, []);
    t.end();
  });

  t.test(`${name}: an instruction that does not access memory as the exit says is unknown`, (t) => {
    const guest = start();
    t.same(guest.access(LOAD, 'write'), GENERAL_PROTECTION);
    t.same(guest.access(STORE, 'read'), GENERAL_PROTECTION);
    t.equal(eventCount(Event.unknownInstruction), 2n);
    t.same(asked, []);
    t.end();
  });

  t.test(`${name}: LOCK with an instruction that does not take it raises #UD`, (t) => {
    const guest = start();
    t.same(guest.access([0xf0, ...LOAD], 'read'), INVALID_OPCODE);
    t.same(asked, []);
    t.end();
  });

  t.test(`${name}: executing code in a region raises #GP and is an event`, (t) => {
    const guest = start();
    t.same(guest.access(LOAD, 'fetch'), GENERAL_PROTECTION);
    t.equal(eventCount(Event.regionFetch), 1n);
    t.same(asked, []);
    t.end();
  });

  t.test(`${name}: registers as a page table, or as a stack for an event, end the guest`, (t) => {
    for (const cause of ['walk', 'delivery'] as const) {
      t.throws(() => start().access(LOAD, cause), RESET);
      t.match(logText(), /the guest used registers of a device as page table or stack at 0x20000/);
    }
    t.end();
  });

  t.test(`${name}: an access across the end of a page raises #GP and is an event`, (t) => {
    const guest = start();
    for (const [offset, bytes] of [
      [0xffd, [0x8b, 0x03]],
      [0xffc, [0x48, 0x8b, 0x03]],
      [0x1fff, [0x66, 0x8b, 0x03]],
    ] as const) {
      t.same(guest.access(bytes, 'read', REGION + offset), GENERAL_PROTECTION);
    }
    t.equal(eventCount(Event.regionBorder), 3n);
    t.same(asked, []);
    t.equal(guest.access(LOAD, 'read', REGION + 0xffc), null);
    t.end();
  });

  t.test(`${name}: the second page of an instruction that is gone raises the page fault of its fetch`, (t) => {
    const guest = start();
    const end = CODE + 0xfff;
    guest.view.setBigUint64(0x1_3000 + ((CODE >> 12) + 1) * 8, 0n, true);
    guest.memory.set([0x8b], end);
    t.same(guest.access(LOAD, 'read', REGION, end), { vector: 14, type: 3, errorCode: 0 });
    t.equal(guest.faultAddress(), BigInt(end + 1));
    t.end();
  });

  t.test(
    `${name}: a region that the guest may read is asked for writes only, and for the reads that writes need`,
    (t) => {
      const guest = start(READ);
      guest.registers.rax = 1n;
      t.equal(guest.access([0x87, 0x03], 'write'), null); // xchg [rbx], eax
      t.same(asked, [
        ['read', REGION, 4, 0n],
        ['write', REGION, 4, 1n],
      ]);
      t.equal(guest.registers.rax, 0n);
      t.end();
    },
  );
}
