import t from 'tap';
import { learnConstantLeaves } from '../../../kernel/vmx/exits/cpuid.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field, GUEST_RIGHTS, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { CODE } from '../support/guest.js';
import { IntelProcessor, startIntelGuest, type IntelGuest } from '../support/intel.js';

/** Behind an instruction of two bytes. */
const NEXT = BigInt(CODE + 2);

const ALL = { eax: 0xffff_ffff, ebx: 0xffff_ffff, ecx: 0xffff_ffff, edx: 0xffff_ffff };
const NOTHING = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

/** CPUID as the guest gets it. */
function cpuidOf(guest: IntelGuest, leaf: number, subleaf = 0): Required<typeof NOTHING> {
  const { registers } = guest.vcpu;
  registers.rax = BigInt(leaf);
  registers.rcx = BigInt(subleaf);
  guest.exit(ExitReason.cpuid);
  const [eax, ebx, ecx, edx] = [registers.rax, registers.rbx, registers.rcx, registers.rdx].map(Number);
  return { eax, ebx, ecx, edx } as typeof NOTHING;
}

/** A guest whose processor answers `leaf` with ones. */
function startWithOnes(leaf: number): IntelGuest {
  const guest = startIntelGuest();
  guest.processor.leaves[leaf] = ALL;
  guest.processor.leaves[0] = { eax: 0x23 };
  learnConstantLeaves(guest.vcpu);
  return guest;
}

t.test('CPUID shows neither VMX nor SMX', (t) => {
  const guest = startIntelGuest();
  const { ecx } = cpuidOf(guest, 1);
  t.equal(ecx & ((1 << 5) | (1 << 6)), 0);
  t.equal(ecx >>> 0, 0x77ff_ff8b, 'and all else as it is, but OSXSAVE, which CR4 does not have');
  t.equal(guest.read(Field.guestRip), NEXT);
  t.end();
});

t.test("CPUID's OSXSAVE and OSPKE follow the guest's CR4", (t) => {
  const guest = startIntelGuest();
  t.equal(cpuidOf(guest, 7).ecx & (1 << 4), 0);
  guest.write(Field.guestCr4, 0x2020n | (1n << 18n) | (1n << 22n));
  t.not(cpuidOf(guest, 1).ecx & (1 << 27), 0);
  t.not(cpuidOf(guest, 7).ecx & (1 << 4), 0);
  t.equal(cpuidOf(guest, 1).ecx >>> 31, 0, 'and nothing else does');
  t.end();
});

t.test('CPUID shows SYSCALL to 64-bit code only, as Intel processors do', (t) => {
  const guest = startIntelGuest();
  t.not(cpuidOf(guest, 0x8000_0001).edx & (1 << 11), 0);
  guest.write(GUEST_RIGHTS + 2 * Segment.cs, 0xc09bn);
  t.equal(cpuidOf(guest, 0x8000_0001).edx & (1 << 11), 0);
  t.end();
});

t.test('CPUID asks the processor again, but not for what never changes', (t) => {
  const guest = startIntelGuest();
  guest.processor.leaves[6] = { ecx: 9 };
  guest.processor.leaves[0x8000_0006] = { ecx: 9 };
  t.equal(cpuidOf(guest, 6).ecx, 9);
  t.equal(cpuidOf(guest, 0x8000_0006).ecx, 0x100_6040);
  t.end();
});

t.test('SYSCALL is not shown in legacy mode either, where the bit of 64-bit code means nothing', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestEfer, 0n);
  t.equal(cpuidOf(guest, 0x8000_0001).edx & (1 << 11), 0);
  t.end();
});

t.test('debug stores, which write to memory in root operation, too, are not shown', (t) => {
  const { ecx, edx } = cpuidOf(startWithOnes(1), 1);
  t.equal(ecx & ((1 << 2) | (1 << 4)), 0);
  t.equal(edx, 0xffdf_ffff);
  t.same(cpuidOf(startWithOnes(0x23), 0x23), NOTHING);
  t.end();
});

t.test('Intel PT is shown by no leaf', (t) => {
  t.equal(cpuidOf(startWithOnes(7), 7).ebx, 0xfdff_ffff);
  t.same(cpuidOf(startWithOnes(0x14), 0x14), NOTHING);
  t.same(cpuidOf(startWithOnes(0x14), 0x14, 1), NOTHING);
  const guest = startWithOnes(0xd);
  t.same(cpuidOf(guest, 0xd), ALL);
  t.same(cpuidOf(guest, 0xd, 1), { ...ALL, ecx: 0xffff_feff });
  t.same(cpuidOf(guest, 0xd, 8), NOTHING);
  t.end();
});

t.test(
  'instructions that name an MSR, and lists of MSRs, are not shown; other subleaves of leaf 7 are as they are',
  (t) => {
    const guest = startWithOnes(7);
    t.same(cpuidOf(guest, 7, 1), { ...ALL, eax: 0xf7ff_feff, ecx: 0xffff_ffdf });
    t.same(cpuidOf(guest, 7, 2), ALL);
    t.end();
  },
);

t.test('a processor whose last leaf comes before an empty one answers that with the last', (t) => {
  const guest = startIntelGuest();
  guest.processor.leaves[0] = { eax: 0xd };
  guest.processor.leaves[0x14] = { eax: 7 };
  learnConstantLeaves(guest.vcpu);
  t.equal(cpuidOf(guest, 0x14).eax, 7);
  t.end();
});

t.test('a hypervisor below is not shown: its leaves are answered as leaves that are missing', (t) => {
  const processor = new IntelProcessor();
  processor.leaves[0x4000_0000] = ALL;
  processor.leaves[0x4fff_ffff] = ALL;
  processor.leaves[0x16] = { eax: 3400, ebx: 3900, ecx: 100 };
  const guest = startIntelGuest(processor);
  for (const leaf of [0x4000_0000, 0x4fff_ffff]) {
    t.same(cpuidOf(guest, leaf), { eax: 3400, ebx: 3900, ecx: 100, edx: 0 });
  }
  t.end();
});

t.test('physical addresses have no more bits than four levels of tables translate', (t) => {
  for (const [bits, shown] of [
    [52, 48],
    [39, 39],
  ] as const) {
    const guest = startIntelGuest();
    guest.processor.leaves[0x8000_0008] = { eax: 0x3900 | bits };
    learnConstantLeaves(guest.vcpu);
    t.equal(cpuidOf(guest, 0x8000_0008).eax, 0x3900 | shown);
  }
  t.end();
});
