import t from 'tap';
import { HIDDEN, HIDDEN_BYTES, startGuest, type Guest } from '../support/guest.js';
import { countAccess } from '../../../kernel/observe/counters.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { beginLine, endLine, LOG_BYTES, logWritten, print } from '../../../kernel/report/console.js';
import { logText } from '../support/startup.js';

const MAGIC = 0x6d76_7374n;
const VMMCALL_EXIT = 0x81;
const CODE = [0x0f, 0x01, 0xd9];

const VERSION = 0n;
const EXITS = 1n;
const LOG = 2n;
const MEMORY = 3n;
const ACCESSES = 7n;

/** Makes a hypercall and returns its status. */
function call(guest: Guest, name: bigint, rdx = 0n, rsi = 0n): bigint {
  const { registers } = guest.vcpu;
  guest.vmcb.rip = 0x2_0000n;
  registers.rax = MAGIC;
  registers.rcx = name;
  registers.rdx = rdx;
  registers.rsi = rsi;
  guest.exit(VMMCALL_EXIT);
  return registers.rax;
}

/** The log as a guest reads it, from `position` on. */
function readLog(guest: Guest, position = 0n): string {
  const { registers } = guest.vcpu;
  const bytes: number[] = [];
  for (let next = position; call(guest, LOG, next) === 0n; next = registers.rbx) {
    const words = new BigUint64Array([registers.rdx, registers.rsi, registers.rdi]);
    bytes.push(...new Uint8Array(words.buffer).subarray(0, Number(registers.rcx)));
  }
  return String.fromCharCode(...bytes);
}

t.test('the magic number spells tsvm', (t) => {
  t.equal(Buffer.from(new BigUint64Array([MAGIC]).buffer).toString('latin1', 0, 4), 'tsvm');
  t.end();
});

t.test('the version call returns the version of the interface and the number of processors', (t) => {
  const guest = startGuest(CODE);
  t.equal(call(guest, VERSION), 0n);
  t.equal(guest.vcpu.registers.rbx, 1n);
  t.equal(guest.vcpu.registers.rcx, 1n);
  t.end();
});

t.test('exit counts of any processor can be read on any other', (t) => {
  const guest = startGuest(CODE, undefined, 2, 4);
  vcpuOf(2).counters.exits.set(0x41, 7n);
  t.equal(call(guest, VERSION), 0n);
  t.equal(guest.vcpu.registers.rcx, 3n);
  t.equal(call(guest, EXITS, 2n, 0n), 0n);
  t.same([guest.vcpu.registers.rcx, guest.vcpu.registers.rbx], [0x41n, 7n]);
  t.equal(call(guest, EXITS, 1n, 0n), 2n, 'none was counted');
  t.equal(call(guest, EXITS, 3n, 0n), 2n, 'there is none');
  t.equal(call(guest, EXITS, 0xffff_ffff_ffff_ffffn, 0n), 2n);
  t.end();
});

t.test('exit counts: the first reason from RSI on that was counted, then none', (t) => {
  const guest = startGuest(CODE);
  guest.exit(0x41);
  guest.exit(0x41);
  t.equal(call(guest, EXITS, 0n, 0n), 0n);
  t.equal(guest.vcpu.registers.rcx, 0x41n);
  t.equal(guest.vcpu.registers.rbx, 2n);
  t.equal(call(guest, EXITS, 0n, 0x42n), 0n);
  t.equal(guest.vcpu.registers.rcx, BigInt(VMMCALL_EXIT));
  t.equal(guest.vcpu.registers.rbx, 2n);
  t.equal(call(guest, EXITS, 0n, BigInt(VMMCALL_EXIT + 1)), 2n);
  t.end();
});

t.test('access counts: the exits of one owner, on any processor', (t) => {
  const guest = startGuest(CODE, undefined, 2, 4);
  countAccess(vcpuOf(2).counters, 31);
  t.equal(call(guest, ACCESSES, 2n, 31n), 0n);
  t.equal(guest.vcpu.registers.rbx, 1n);
  t.equal(call(guest, ACCESSES, 1n, 31n), 0n);
  t.equal(guest.vcpu.registers.rbx, 0n);
  t.equal(call(guest, ACCESSES, 3n, 0n), 2n, 'there is no such processor');
  t.equal(call(guest, ACCESSES, 0n, 32n), 2n, 'there is no such owner');
  t.end();
});

t.test('there are no exit counts for a processor that does not exist', (t) => {
  const guest = startGuest(CODE);
  t.equal(call(guest, EXITS, 1n), 2n);
  t.equal(call(guest, EXITS, 0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn), 2n);
  t.end();
});

t.test('the log is read to its end', (t) => {
  const guest = startGuest(CODE);
  beginLine();
  print('a line of some length, for three calls at least');
  endLine();
  t.equal(readLog(guest), logText());
  t.end();
});

t.test('a position that the ring has overwritten gives the oldest byte in it', (t) => {
  const guest = startGuest(CODE);
  for (let i = 0; i < 1000; i++) {
    print('a line that fills the ring');
    endLine();
  }
  const text = readLog(guest);
  t.equal(text.length, LOG_BYTES);
  t.ok(text.endsWith('tsvm: a line that fills the ring\n'));
  t.equal(guest.vcpu.registers.rbx, logWritten());
  t.end();
});

t.test('a position behind the end gives nothing', (t) => {
  const guest = startGuest(CODE);
  t.equal(call(guest, LOG, 0xffff_ffff_ffff_ffffn), 2n);
  t.equal(guest.vcpu.registers.rcx, 0n);
  t.end();
});

t.test('the hidden memory is reported', (t) => {
  const guest = startGuest(CODE);
  t.equal(call(guest, MEMORY), 0n);
  t.equal(guest.vcpu.registers.rbx, HIDDEN);
  t.equal(guest.vcpu.registers.rcx, HIDDEN_BYTES);
  t.end();
});

t.test('a function that does not exist changes only RAX', (t) => {
  const guest = startGuest(CODE);
  guest.vcpu.registers.rbx = 77n;
  for (const name of [9n, 10n, 0xffff_ffff_ffff_ffffn]) t.equal(call(guest, name), 1n);
  t.equal(guest.vcpu.registers.rbx, 77n);
  t.end();
});
