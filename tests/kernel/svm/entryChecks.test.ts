import t from 'tap';
import { brokenRules } from '../../../kernel/report/entryRules.js';
import { explainEntryFailure } from '../../../kernel/svm/entry/entryChecks.js';
import type { Vmcb } from '../../../kernel/svm/control/vmcb.js';
import { HALTED, startGuest } from '../support/guest.js';
import { logText } from '../support/startup.js';

const VALID = 0x8000_0000n;
const EXCEPTION = VALID | 0x300n;
const HAS_ERROR_CODE = 1n << 11n;
const BEYOND_MEMORY = 1n << 40n;

function told(vmcb: Vmcb): string[] {
  explainEntryFailure(vmcb);
  return [...logText().matchAll(/VM entry needs: (.*)/g)].map(([, text = '']) => text);
}

/** Rules, each with what breaks it alone. */
const RULES: readonly [string, (vmcb: Vmcb) => void][] = [
  ['the intercept of VMRUN', (vmcb) => (vmcb.interceptInstructions2 = 0x7e)],
  ['an ASID that is not 0', (vmcb) => (vmcb.asid = 0)],
  ['an MSR permission map within physical memory', (vmcb) => (vmcb.msrPermissions = BEYOND_MEMORY - 0x1000n)],
  ['an I/O permission map within physical memory', (vmcb) => (vmcb.ioPermissions = BEYOND_MEMORY - 0x2000n)],
  ['nested page tables within physical memory', (vmcb) => (vmcb.nestedCr3 = BEYOND_MEMORY)],
  ['an event of a type that exists', (vmcb) => (vmcb.eventInj = VALID | 0x100n)],
  ['an event with bits 30:12 clear', (vmcb) => (vmcb.eventInj = VALID | 0x1030n)],
  ['the vector of an exception for one', (vmcb) => (vmcb.eventInj = EXCEPTION | 2n)],
  ['the vector of an exception for one', (vmcb) => (vmcb.eventInj = EXCEPTION | 31n)],
  ['the vector of an exception for one', (vmcb) => (vmcb.eventInj = EXCEPTION | 32n)],
  ['no #OF or #BR in 64-bit code', (vmcb) => (vmcb.eventInj = EXCEPTION | 5n)],
  ['no error code for an event that has none', (vmcb) => (vmcb.eventInj = EXCEPTION | HAS_ERROR_CODE | 6n)],
  ['no error code for an event that has none', (vmcb) => (vmcb.eventInj = VALID | HAS_ERROR_CODE | 0x0dn)],
  ['guest EFER.SVME', (vmcb) => (vmcb.efer = 0x500n)],
  ['guest EFER with no reserved bit', (vmcb) => (vmcb.efer = 0x1502n)],
  ['guest CR0 with bits 63:32 clear', (vmcb) => (vmcb.cr0 = 0x1_8001_0031n)],
  ['no guest CR0.NW without CR0.CD', (vmcb) => (vmcb.cr0 = 0xa001_0031n)],
  ['guest CR3 within physical memory', (vmcb) => (vmcb.cr3 = BEYOND_MEMORY)],
  ['guest CR4 with no reserved bit', (vmcb) => (vmcb.cr4 = 0x2020n)],
  ['no guest CR4.CET without CR0.WP', (vmcb) => Object.assign(vmcb, { cr4: 0x80_0020n, cr0: 0x8000_0031n })],
  ['guest DR6 with bits 63:32 clear', (vmcb) => (vmcb.dr6 = 1n << 32n)],
  ['guest DR7 with bits 63:32 clear', (vmcb) => (vmcb.dr7 = 1n << 63n)],
  ['guest CR4.PAE with EFER.LME and paging', (vmcb) => (vmcb.cr4 = 0n)],
  ['guest CR0.PE with EFER.LME and paging', (vmcb) => (vmcb.cr0 = 0x8001_0030n)],
  ['guest CS.D clear in 64-bit code', (vmcb) => (vmcb.cs.attributes = 0xe9b)],
];

t.test('a valid state breaks no rule, and the report says so', (t) => {
  const { vmcb } = startGuest();
  t.same(told(vmcb), []);
  t.match(logText(), /no rule for VMRUN is broken that this hypervisor knows/);
  for (const event of [VALID | 0x30n, VALID | 0x202n, EXCEPTION | 6n, EXCEPTION | HAS_ERROR_CODE | 13n, 0x302n]) {
    vmcb.eventInj = event;
    explainEntryFailure(vmcb);
    t.equal(brokenRules(), 0, event.toString(16));
  }
  t.end();
});

for (const [text, breakRule] of RULES) {
  t.test(`${text}: told with ${breakRule.toString().replace(/^.*?=> /, '')}`, (t) => {
    const { vmcb } = startGuest();
    breakRule(vmcb);
    t.same(told(vmcb), [text]);
    t.end();
  });
}

t.test('in real mode no exception may have an error code', (t) => {
  const { vmcb } = startGuest();
  Object.assign(vmcb, { cr0: 0x10n, cr4: 0n, efer: 0x1000n, eventInj: EXCEPTION | HAS_ERROR_CODE | 13n });
  t.same(told(vmcb), ['no error code in real mode']);
  t.end();
});

t.test('a VMCB that the processor refuses is a crash that names the rule', (t) => {
  for (const code of [0xffff_ffff_ffff_ffffn, 0xffff_ffffn]) {
    const guest = startGuest();
    guest.vmcb.cr4 = 0n;
    t.throws(() => guest.exit(code), HALTED);
    t.match(logText(), /VM entry needs: guest CR4\.PAE/);
  }
  t.end();
});
