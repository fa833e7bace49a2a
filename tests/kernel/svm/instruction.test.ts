import t from 'tap';
import fc from 'fast-check';
import { instructionLength, Opcode, skipInstruction } from '../../../kernel/svm/control/instruction.js';
import { RFLAGS_RF } from '../../../kernel/x86/registers.js';
import { CODE, HIDDEN, injected, startGuest, TABLES, type Guest } from '../support/guest.js';

const RDMSR = [0x0f, 0x32];

function lengthOf(code: readonly number[], opcode: Opcode = Opcode.rdmsr): number {
  return instructionLength(startGuest(code).vmcb, opcode);
}

/** Maps the guest-linear page of CODE to `frame`, with `flags`. */
function mapCode(guest: Guest, frame: bigint, flags: bigint): void {
  const view = new DataView(guest.memory.buffer);
  view.setBigUint64(TABLES + 0x3000 + (CODE >> 12) * 8, frame | flags, true);
}

t.test('an instruction without prefixes', (t) => {
  t.equal(lengthOf(RDMSR), 2);
  t.equal(lengthOf([0x0f, 0x30], Opcode.wrmsr), 2);
  t.equal(lengthOf([0x0f, 0x01, 0xd9], Opcode.vmmcall), 3);
  t.end();
});

t.test('prefixes count: operand size, segment, REP, REX', (t) => {
  t.equal(lengthOf([0x66, 0x2e, 0xf3, 0x48, ...RDMSR]), 6);
  t.end();
});

t.test('fifteen bytes are the most', (t) => {
  t.equal(lengthOf([...new Array<number>(13).fill(0x66), ...RDMSR]), 15);
  t.equal(lengthOf([...new Array<number>(14).fill(0x66), ...RDMSR]), 0);
  t.end();
});

t.test('any run of prefixes before the opcode gives their number plus its own', (t) => {
  const prefix = fc.constantFrom(0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3, 0x40, 0x4f);
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 13 }), (prefixes) => {
      return lengthOf([...prefixes, ...RDMSR]) === prefixes.length + 2;
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('REX is not a prefix outside 64-bit code', (t) => {
  const guest = startGuest([0x48, ...RDMSR]);
  guest.vmcb.cs.attributes = 0xc9b;
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 0);
  t.end();
});

t.test('if memory has another instruction than the intercepted one, the guest retries with an empty TLB', (t) => {
  const guest = startGuest([0x0f, 0x31]);
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 0);
  t.equal(guest.vmcb.tlbControl, 1);
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('a breakpoint on the instruction behind is not passed over with the one on the instruction itself', (t) => {
  const { vmcb } = startGuest(RDMSR);
  vmcb.rflags = RFLAGS_RF | 2n;
  skipInstruction(vmcb, 2);
  t.equal(vmcb.rflags, 2n);
  t.end();
});

t.test('the next RIP that a processor saves is used', (t) => {
  const guest = startGuest([]);
  guest.vmcb.nextRip = BigInt(CODE + 5);
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 5);
  t.end();
});

t.test('an instruction may cross into a page that lies elsewhere', (t) => {
  const guest = startGuest();
  guest.vmcb.rip = BigInt(CODE + 0xfff);
  guest.memory[CODE + 0xfff] = 0x0f;
  const view = new DataView(guest.memory.buffer);
  view.setBigUint64(TABLES + 0x3000 + ((CODE >> 12) + 1) * 8, 0x5_0003n, true);
  guest.memory[0x5_0000] = 0x32;
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 2);
  t.end();
});

t.test('without paging the bytes are at CS base plus IP, within 4 GiB', (t) => {
  const guest = startGuest();
  guest.vmcb.cr0 = 0x30n;
  guest.vmcb.efer = 0x1000n;
  guest.vmcb.cs.attributes = 0x9b;
  guest.vmcb.cs.base = 0xffff_f000n;
  guest.vmcb.rip = 0x3000n;
  guest.memory.set(RDMSR, 0x2000);
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 2);
  t.end();
});

t.test('code whose page is gone from the tables raises the page fault of its fetch', (t) => {
  const guest = startGuest(RDMSR);
  mapCode(guest, 0n, 0n);
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 0);
  t.same(injected(guest.vmcb), { vector: 14, type: 3, errorCode: 0 });
  t.equal(guest.vmcb.cr2, BigInt(CODE));
  t.end();
});

t.test('that page fault tells a user’s fetch under NX', (t) => {
  const guest = startGuest(RDMSR);
  mapCode(guest, 0n, 0n);
  guest.vmcb.efer = guest.vmcb.efer | (1n << 11n);
  guest.vmcb.cpl = 3;
  instructionLength(guest.vmcb, Opcode.vmmcall);
  t.equal(injected(guest.vmcb)?.errorCode, 0x14);
  t.end();
});

t.test('code in hidden memory reads as the page of ones that the guest sees there', (t) => {
  const guest = startGuest(RDMSR);
  mapCode(guest, HIDDEN, 3n);
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 0);
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('page tables in hidden memory read as ones', (t) => {
  const guest = startGuest(RDMSR);
  guest.vmcb.cr3 = HIDDEN;
  t.equal(instructionLength(guest.vmcb, Opcode.rdmsr), 0);
  t.end();
});

t.test('any bytes, any control registers, any page tables: an answer, never an access outside', (t) => {
  const word = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
  const bytes = fc.uint8Array({ minLength: 15, maxLength: 15 });
  const entry = fc.oneof(
    word,
    word.map((value) => (value & 0x3f_f000n) | 3n),
  );
  const entries = fc.array(entry, { minLength: 4, maxLength: 4 });
  const opcode = fc.constantFrom(Opcode.rdmsr, Opcode.wrmsr, Opcode.vmmcall);
  fc.assert(
    fc.property(fc.record({ bytes, entries, opcode, cr0: word, cr3: word, cr4: word, efer: word }), (given) => {
      const guest = startGuest([...given.bytes]);
      const view = new DataView(guest.memory.buffer);
      given.entries.forEach((value, level) => view.setBigUint64(TABLES + level * 0x1000, value, true));
      guest.vmcb.cr0 = given.cr0;
      guest.vmcb.cr4 = given.cr4;
      guest.vmcb.efer = given.efer;
      const length = instructionLength(guest.vmcb, given.opcode);
      return length >= 0 && length <= 15;
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('skipping ends an interrupt shadow', (t) => {
  const { vmcb } = startGuest();
  vmcb.interruptShadow = 1n;
  skipInstruction(vmcb, 2);
  t.equal(vmcb.rip, BigInt(CODE + 2));
  t.equal(vmcb.interruptShadow, 0n);
  t.end();
});

t.test('a guest that single-steps gets its #DB behind the skipped instruction', (t) => {
  const { vmcb } = startGuest();
  vmcb.rflags = vmcb.rflags | 0x100n;
  skipInstruction(vmcb, 2);
  t.same(injected(vmcb), { vector: 1, type: 3, errorCode: null });
  t.equal(vmcb.dr6 & (1n << 14n), 1n << 14n);
  t.end();
});
