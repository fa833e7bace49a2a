/** Which machine checks are passed to the guest: every combination, compared with a second implementation of the rule. */
import fc from 'fast-check';
import t from 'tap';
import { isGuestsMachineCheck } from '../../../kernel/crash/machineChecks.js';
import { publishStatistics } from '../../../kernel/exits/statistics.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { noteGuestRuns, Reach } from '../../../kernel/x86/end.js';
import { onMachineCheck } from '../../../kernel/run/machineCheck.js';
import { vcpuAddress } from '../../../kernel/vcpu/processors.js';
import { GS_BASE } from '../../../kernel/x86/registers.js';
import { directAddress } from '../../../kernel/x86/platform.js';
import { chooseVendor } from '../../../kernel/run/vendor.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { HALTED, HIDDEN, HIDDEN_BYTES, injected, startGuest } from '../support/guest.js';
import { injectedEvent, startIntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';
import { importUndone } from '../../support/undoneModule.js';

const MCG_CAP = 0x179;
const MCG_STATUS = 0x17a;
const GUESTS = 0x12_3000n;
const MACHINE_CHECK = 18;

interface Bank {
  readonly valid: boolean;
  readonly over: boolean;
  readonly uncorrected: boolean;
  readonly misc: boolean;
  readonly addressed: boolean;
  readonly corrupt: boolean;
  readonly poison: boolean;
  readonly address: bigint;
  readonly lowestBit: number;
  readonly mode: number;
}

/** An error that the guest can survive: uncorrected, restartable, in one of its pages. */
const SURVIVABLE: Bank = {
  valid: true,
  over: false,
  uncorrected: true,
  misc: true,
  addressed: true,
  corrupt: false,
  poison: true,
  address: GUESTS,
  lowestBit: 6,
  mode: 2,
};

interface Checks {
  readonly restartable: boolean;
  readonly ofInstruction: boolean;
  readonly canRecover: boolean;
  readonly banks: readonly Bank[];
}

const bit = (isSet: boolean, position: number): bigint => (isSet ? 1n << BigInt(position) : 0n);

function setBanks(
  msrs: Map<number, bigint>,
  isIntel: boolean,
  { restartable, ofInstruction, canRecover, banks }: Checks,
): void {
  msrs.set(MCG_CAP, BigInt(banks.length) | bit(canRecover, 24));
  msrs.set(MCG_STATUS, bit(restartable, 0) | bit(ofInstruction, 1) | 4n);
  banks.forEach((bank, index) => {
    const first = 0x400 + 4 * index;
    const flags = [
      bit(bank.valid, 63),
      bit(bank.over, 62),
      bit(bank.uncorrected, 61),
      bit(bank.misc, 59),
      bit(bank.addressed, 58),
      bit(bank.corrupt, 57),
      bit(bank.poison, 43),
    ];
    msrs.set(
      first + 1,
      flags.reduce((all, flag) => all | flag, 0x134n),
    );
    msrs.set(first + 2, bank.address | (isIntel ? 0n : BigInt(bank.lowestBit) << 56n));
    msrs.set(first + 3, BigInt(bank.lowestBit) | (BigInt(bank.mode) << 6n));
  });
}

/** The rule of docs/security.md. */
function isAllowed(isIntel: boolean, { restartable, canRecover, banks }: Checks): boolean {
  const isAllowedBank = (bank: Bank): boolean => {
    const bytes = 1n << BigInt(Math.min(Math.max(bank.lowestBit, 12), 52));
    const start = ((bank.address % (1n << 52n)) / bytes) * bytes;
    const touchesHidden = start < HIDDEN + HIDDEN_BYTES && start + bytes > HIDDEN;
    const isPhysical = isIntel ? canRecover && bank.misc && bank.mode === 2 : bank.poison;
    return bank.addressed && !bank.corrupt && !bank.over && isPhysical && !touchesHidden;
  };
  return restartable && banks.filter(({ valid, uncorrected }) => valid && uncorrected).every(isAllowedBank);
}

const often = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
const seldom = often.map((value) => !value);
const anyBank: fc.Arbitrary<Bank> = fc.record({
  valid: fc.boolean(),
  over: seldom,
  uncorrected: often,
  misc: often,
  addressed: often,
  corrupt: seldom,
  poison: often,
  address: fc.oneof(
    fc.constantFrom(GUESTS, HIDDEN - 1n, HIDDEN, HIDDEN + HIDDEN_BYTES - 1n, HIDDEN + HIDDEN_BYTES, (1n << 52n) - 1n),
    fc.bigInt({ min: 0n, max: (1n << 52n) - 1n }),
    fc.bigInt({ min: 0n, max: 2n * HIDDEN }),
  ),
  lowestBit: fc.oneof(fc.nat(13), fc.nat(63)),
  mode: fc.oneof(fc.constant(2), fc.nat(7)),
});
const anyChecks: fc.Arbitrary<Checks> = fc.record({
  restartable: often,
  ofInstruction: seldom,
  canRecover: often,
  banks: fc.array(anyBank, { maxLength: 4 }),
});

/** Compares `judge` with the rule, on one vendor, for many random machine checks. Returns whether both results came. */
function assertRule(isIntel: boolean, judge: () => boolean): boolean {
  const { processor } = isIntel ? startIntelGuest() : startGuest();
  processor.leaves[0] = { eax: 0x16, ebx: isIntel ? 0x756e_6547 : 0x6874_7541 };
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(anyChecks, (checks) => {
      setBanks(processor.msrs, isIntel, checks);
      const allowed = isAllowed(isIntel, checks);
      seen.add(allowed);
      return judge() === allowed;
    }),
    { numRuns: 2000 },
  );
  return seen.size === 2;
}

for (const isIntel of [true, false]) {
  t.test(`${isIntel ? 'Intel' : 'AMD'}: a machine check is passed to the guest exactly if the rule allows it`, (t) => {
    t.ok(assertRule(isIntel, isGuestsMachineCheck), 'some are, and some are not');
    t.end();
  });
}

/** The conditions of the rule, each taken out of kernel/crash/machineChecks.ts. */
for (const { what, isIntel, from, to } of [
  { what: 'RIPV', isIntel: true, from: ' || (status.value & RESTART_IS_VALID) === 0n', to: '' },
  { what: 'PCC', isIntel: true, from: 'OVERFLOW | CONTEXT_IS_CORRUPT', to: 'OVERFLOW' },
  { what: 'OVER', isIntel: true, from: 'OVERFLOW | CONTEXT_IS_CORRUPT', to: 'CONTEXT_IS_CORRUPT' },
  { what: 'ADDRV', isIntel: true, from: ' || (status & HAS_ADDRESS) === 0n', to: '' },
  { what: 'the damaged address', isIntel: true, from: 'return u64(start + unit) <= hidden ||', to: 'return true ||' },
  { what: 'recovery support', isIntel: true, from: '(capability & CAN_RECOVER) === 0n || ', to: '' },
  { what: 'MISCV', isIntel: true, from: ' || (status & HAS_MISC) === 0n', to: '' },
  { what: 'the address mode', isIntel: true, from: '(misc & ADDRESS_MODE) === PHYSICAL_ADDRESS && ', to: '' },
  { what: 'poison', isIntel: false, from: '(status & POISON) !== 0n && ', to: '' },
]) {
  t.test(`control: a wrong one is passed where ${what} does not count`, async (t) => {
    const undone = await importUndone<{ isGuestsMachineCheck: () => boolean }>(
      'kernel/crash/machineChecks.ts',
      from,
      to,
    );
    t.throws(() => assertRule(isIntel, undone.isGuestsMachineCheck), /Property failed/);
  });
}

const RESUMABLE: Checks = { restartable: true, ofInstruction: false, canRecover: true, banks: [SURVIVABLE] };

t.test('for a register that cannot be read the worst is assumed', (t) => {
  const { processor } = startIntelGuest();
  processor.leaves[0] = { eax: 0x16, ebx: 0x756e_6547 };
  t.notOk(isGuestsMachineCheck(), 'no machine check registers at all');
  setBanks(processor.msrs, true, RESUMABLE);
  t.ok(isGuestsMachineCheck());
  for (const register of [MCG_CAP, MCG_STATUS, 0x401, 0x402, 0x403]) {
    setBanks(processor.msrs, true, RESUMABLE);
    processor.msrs.delete(register);
    t.notOk(isGuestsMachineCheck(), register.toString(16));
  }
  t.end();
});

t.test('an error in the page of statistics is not passed to the guest, although the guest can read the page', (t) => {
  const { processor, vcpu } = startGuest();
  publishStatistics();
  t.ok(vcpu);
  setBanks(processor.msrs, false, { ...RESUMABLE, banks: [{ ...SURVIVABLE, address: vcpuAddress(0) + 0x3000n }] });
  t.notOk(isGuestsMachineCheck());
  t.end();
});

/** A guest on Intel whose hypervisor gets a machine check. */
function intelWith(checks: Checks) {
  const guest = startIntelGuest();
  guest.processor.leaves[0] = { eax: 0x16, ebx: 0x756e_6547 };
  guest.processor.msrs.set(GS_BASE, directAddress(vcpuAddress(0)));
  chooseVendor();
  setBanks(guest.processor.msrs, true, checks);
  return guest;
}

t.test('VT-x: the guest gets it at the immediately following exit, before a pending NMI', (t) => {
  const guest = intelWith(RESUMABLE);
  t.ok(onMachineCheck());
  t.equal(guest.read(Field.preemptionTimer), 0n);
  guest.vcpu.vmx.holdsNmi = true;
  guest.exit(ExitReason.preemptionTimer);
  t.equal(injectedEvent(guest)?.vector, MACHINE_CHECK);
  t.equal(injectedEvent(guest)?.errorCode, null);
  t.ok(guest.vcpu.vmx.holdsNmi);
  guest.exit(ExitReason.preemptionTimer);
  t.equal(injectedEvent(guest)?.vector, 2);
  t.end();
});

t.test('VT-x: another exit that comes first does not lose it', (t) => {
  const guest = intelWith(RESUMABLE);
  t.ok(onMachineCheck());
  guest.write(Field.preemptionTimer, 77n);
  guest.exit(ExitReason.invd);
  t.equal(guest.read(Field.preemptionTimer), 0n);
  guest.exit(ExitReason.preemptionTimer);
  t.equal(injectedEvent(guest)?.vector, MACHINE_CHECK);
  t.end();
});

t.test('VT-x: a machine check at a VM entry is passed to the guest too, and the entry is repeated', (t) => {
  const guest = intelWith(RESUMABLE);
  guest.exit(0x8000_0029);
  guest.exit(ExitReason.preemptionTimer);
  t.equal(injectedEvent(guest)?.vector, MACHINE_CHECK);
  t.end();
});

t.test('VT-x: a machine check that is not passed to the guest is reported', (t) => {
  for (const checks of [
    { ...RESUMABLE, restartable: false },
    { ...RESUMABLE, ofInstruction: true },
    { ...RESUMABLE, banks: [{ ...SURVIVABLE, address: HIDDEN }] },
  ]) {
    const guest = intelWith(checks);
    t.notOk(onMachineCheck());
    t.notOk(guest.vcpu.vmx.holdsMachineCheck);
    t.throws(() => guest.exit(0x8000_0029), HALTED);
    t.match(logText(), /crash: .*a machine check came/);
  }
  t.end();
});

t.test('a machine check before the guest runs is reported', (t) => {
  const guest = intelWith(RESUMABLE);
  guest.processor.msrs.set(GS_BASE, 0n);
  t.notOk(onMachineCheck());
  t.end();
});

t.test('AMD-V: it causes an exit, and is passed to the guest or ends the node with a report of the banks', (t) => {
  const guest = startGuest();
  setBanks(guest.processor.msrs, false, RESUMABLE);
  guest.exit(ExitCode.machineCheck);
  t.equal(injected(guest.vmcb)?.vector, MACHINE_CHECK);
  t.equal(injected(guest.vmcb)?.errorCode, null);
  setBanks(guest.processor.msrs, false, { ...RESUMABLE, banks: [{ ...SURVIVABLE, corrupt: true }] });
  noteGuestRuns(Reach.none);
  t.throws(() => guest.exit(ExitCode.machineCheck), HALTED);
  t.match(
    logText(),
    /crash: a machine check .*\ntsvm: {3}bank 0 {2}status 0xae00080000000134 {2}address 0x600000000123000\n/,
  );
  t.end();
});

t.test('AMD-V: every machine check is intercepted', (t) => {
  const { vmcb } = startGuest();
  t.ok((vmcb.interceptExceptions & (1 << MACHINE_CHECK)) !== 0);
  t.end();
});
