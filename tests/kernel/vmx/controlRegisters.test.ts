import t, { type Test } from 'tap';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field, GUEST_RIGHTS, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { window } from '../../../transpiler/lib/index.js';
import { CODE } from '../support/guest.js';
import { injectedEvent, startIntelGuest, type IntelGuest } from '../support/intel.js';

const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };
const RESUME = 1n << 16n;
const CR0_FROM_R9 = 0x900n;

t.test('VMXE cannot be set: #GP', (t) => {
  const guest = startIntelGuest();
  guest.vcpu.registers.rdx = 0x2020n;
  guest.exit(ExitReason.controlRegister, 0x204n);
  t.same(injectedEvent(guest), GENERAL_PROTECTION);
  t.equal(guest.read(Field.cr4Shadow), 0x20n);
  t.end();
});

t.test('a MOV that clears NE is executed again, with NE as the guest wants it in the shadow', (t) => {
  const guest = startIntelGuest();
  const wanted = 0x8001_0011n;
  guest.vcpu.registers.r9 = wanted;
  guest.exit(ExitReason.controlRegister, 0x900n);
  t.equal(injectedEvent(guest), null);
  t.equal(guest.read(Field.guestRip), BigInt(CODE));
  t.equal(guest.read(Field.cr0Shadow), wanted);
  t.equal(guest.read(Field.guestCr0) & 0x20n, 0x20n);
  t.end();
});

t.test('a breakpoint at the MOV does not come a second time', (t) => {
  const guest = startIntelGuest();
  guest.vcpu.registers.r9 = 0x8001_0011n;
  guest.exit(ExitReason.controlRegister, CR0_FROM_R9);
  t.equal(guest.read(Field.guestRflags) & RESUME, RESUME);
  t.end();
});

/** A guest in protected mode without paging. */
function startUnpaged(): IntelGuest {
  const guest = startIntelGuest();
  guest.write(Field.guestCr0, 0x31n);
  guest.write(Field.guestEfer, 0n);
  guest.write(Field.guestCr4, 0x2000n);
  guest.write(GUEST_RIGHTS + 2 * Segment.cs, 0xc09bn);
  return guest;
}

function expectRefused(t: Test, guest: IntelGuest, value: bigint, isRefused = true): void {
  guest.write(Field.cr0Shadow, 0x31n);
  guest.vcpu.registers.r9 = value;
  guest.exit(ExitReason.controlRegister, CR0_FROM_R9);
  t.same(injectedEvent(guest), isRefused ? GENERAL_PROTECTION : null, value.toString(16));
  t.equal(guest.read(Field.cr0Shadow), isRefused ? 0x31n : value & 0xffff_ffffn);
}

t.test('a MOV that the processor refuses leaves NE as the guest had it', (t) => {
  expectRefused(t, startUnpaged(), 0x8000_0010n);
  expectRefused(t, startUnpaged(), 0x2000_0011n);
  expectRefused(t, startIntelGuest(), 0x1_8001_0011n);
  expectRefused(t, startIntelGuest(), 0x1_0011n);
  const shadowStacks = startUnpaged();
  shadowStacks.write(Field.guestCr4, 0x80_2000n);
  expectRefused(t, shadowStacks, 0x11n);
  const identifiers = startIntelGuest();
  identifiers.write(Field.guestCr4, 0x2_2020n);
  identifiers.write(GUEST_RIGHTS + 2 * Segment.cs, 0xc09bn);
  expectRefused(t, identifiers, 0x1_0011n);
  t.end();
});

t.test('outside of 64-bit code the high half of the register does not count', (t) => {
  expectRefused(t, startUnpaged(), 0xffff_ffff_0001_0011n, false);
  t.end();
});

t.test('IA-32e mode begins with PAE, from code and in a task of 32 bits', (t) => {
  for (const [cr4, code, task, isRefused] of [
    [0x2020n, 0xc09bn, 0x8bn, false],
    [0x2000n, 0xc09bn, 0x8bn, true],
    [0x2020n, 0xa09bn, 0x8bn, true],
    [0x2020n, 0xc09bn, 0x83n, true],
  ] as const) {
    const guest = startUnpaged();
    guest.write(Field.guestEfer, 0x100n);
    guest.write(Field.guestCr4, cr4);
    guest.write(GUEST_RIGHTS + 2 * Segment.cs, code);
    guest.write(GUEST_RIGHTS + 2 * Segment.tr, task);
    expectRefused(t, guest, 0x8000_0011n, isRefused);
  }
  t.end();
});

t.test('PAE paging begins with entries that are valid', (t) => {
  for (const [entry, isRefused] of [
    [0x5001n, false],
    [0x5003n, true],
  ] as const) {
    const guest = startUnpaged();
    guest.write(Field.guestCr4, 0x2020n);
    guest.write(Field.guestCr3, 0x6000n);
    window(0x6000n, 32).setU64(0, entry);
    expectRefused(t, guest, 0x8000_0011n, isRefused);
  }
  t.end();
});

t.test('a table with an entry that is not valid changes none that the processor has', (t) => {
  const guest = startUnpaged();
  guest.write(Field.guestCr4, 0x2020n);
  guest.write(Field.guestCr3, 0x6000n);
  guest.write(Field.guestPdpte0, 0x1_1001n);
  window(0x6000n, 32).setU64(0, 0x5001n);
  window(0x6000n, 32).setU64(24, 0x5003n);
  expectRefused(t, guest, 0x8000_0011n, true);
  t.equal(guest.read(Field.guestPdpte0), 0x1_1001n);
  t.end();
});
