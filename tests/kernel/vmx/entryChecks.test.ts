import t from 'tap';
import { explainEntryFailure } from '../../../kernel/vmx/entry/entryChecks.js';
import {
  Field,
  GUEST_BASE,
  GUEST_LIMIT,
  GUEST_RIGHTS,
  GUEST_SELECTOR,
  Segment,
} from '../../../kernel/vmx/control/vmcs.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { logText } from '../support/startup.js';

type Fields = Readonly<Record<number, bigint>>;

const selector = (segment: number): number => GUEST_SELECTOR + 2 * segment;
const base = (segment: number): number => GUEST_BASE + 2 * segment;
const limit = (segment: number): number => GUEST_LIMIT + 2 * segment;
const rights = (segment: number): number => GUEST_RIGHTS + 2 * segment;
const { es, cs, ss, ds, fs, gs, ldtr, tr } = Segment;

const NOT_CANONICAL = 0x8000_0000_0000n;
const BEYOND_MEMORY = 1n << 40n;
const BUS_LOCKS = 1 << 24;
const UNUSABLE = 0x10000n;
const LOWEST_NOT_PHYSICAL = BEYOND_MEMORY;

/** A processor with 40 bits of physical and 48 of linear addresses, whose controls can all be 0 or 1. */
const MSRS: Fields = {
  0x480: 1n << 55n,
  ...Object.fromEntries([0x48b, 0x48d, 0x48e, 0x48f, 0x490].map((msr) => [msr, 0xffff_ffffn << 32n])),
  0x485: (7n << 6n) | (4n << 16n),
  0x486: 0x8000_0021n,
  0x487: 0xffff_ffffn,
  0x488: 0x2000n,
  0x489: 0xff_ffffn,
  0x48c: (1n << 6n) | (1n << 14n),
};

/** A 64-bit guest with EPT in unrestricted mode, of a 64-bit host, that breaks no rule. What is not named is 0. */
const VALID: Fields = {
  [Field.primaryControls]: 0x9200_0000n,
  [Field.secondaryControls]: 0xa2n,
  [Field.exitControls]: 0x003c_0204n,
  [Field.entryControls]: 0x0000_c204n,
  [Field.vpid]: 1n,
  [Field.ioBitmapA]: 0x1000n,
  [Field.ioBitmapB]: 0x2000n,
  [Field.msrBitmap]: 0x3000n,
  [Field.eptPointer]: 0x401en,
  [Field.linkPointer]: 0xffff_ffff_ffff_ffffn,
  [Field.hostCr0]: 0x8000_0021n,
  [Field.hostCr4]: 0x2020n,
  [Field.hostCsSelector]: 8n,
  [Field.hostTrSelector]: 24n,
  [Field.hostEfer]: 0x500n,
  [Field.hostPat]: 0x0007_0406_0007_0406n,
  [Field.guestCr0]: 0x8000_0021n,
  [Field.guestCr4]: 0x2020n,
  [Field.guestDr7]: 0x400n,
  [Field.guestEfer]: 0x500n,
  [Field.guestPat]: 0x0007_0406_0007_0406n,
  [Field.guestRip]: 0x10_0000n,
  [Field.guestRflags]: 2n,
  [rights(cs)]: 0xa09bn,
  ...Object.fromEntries([es, ss, ds, fs, gs].map((segment) => [rights(segment), 0xc093n])),
  ...Object.fromEntries([es, cs, ss, ds, fs, gs].map((segment) => [limit(segment), 0xffff_ffffn])),
  [rights(ldtr)]: UNUSABLE,
  [rights(tr)]: 0x8bn,
  [limit(tr)]: 0x67n,
};

/** The guest in virtual-8086 mode. */
const VIRTUAL_8086: Fields = {
  [Field.entryControls]: 0x0000_c004n,
  [Field.guestEfer]: 0n,
  [Field.guestRflags]: 0x2_0002n,
  ...Object.fromEntries([es, cs, ss, ds, fs, gs].map((segment) => [rights(segment), 0xf3n])),
  ...Object.fromEntries([es, cs, ss, ds, fs, gs].map((segment) => [limit(segment), 0xffffn])),
};

/** The guest in protected mode with PAE paging. */
const PAE: Fields = { [Field.entryControls]: 0x0000_c004n, [Field.guestEfer]: 0n, [rights(cs)]: 0xc09bn };
/** In protected mode without paging, of which real mode is one bit less. */
const UNPAGED: Fields = { ...PAE, [Field.guestCr0]: 0x31n, [Field.guestCr4]: 0x2000n };
const RESTRICTED: Fields = { [Field.secondaryControls]: 0x22n };
const WITH_LDT: Fields = { [rights(ldtr)]: 0x82n };

/** What is printed for a state that is VALID but for these fields, on a processor with these MSRs. */
function brokenRules(fields: Fields, msrs: Fields = {}, ecx = 0): string[] {
  resetMemory();
  const state: Fields = { ...VALID, ...fields };
  simulate({
    vmread: (field: number) => state[field] ?? 0n,
    rdmsr: (msr: number) => ({ ...MSRS, ...msrs })[msr] ?? 0n,
    cpuid: () => ({ eax: 0x3028, ebx: 0, ecx, edx: 0 }),
  });
  explainEntryFailure();
  return [...logText().matchAll(/VM entry needs: (.*)/g)].map(([, text = '']) => text);
}

const event = (type: number, vector: number, withErrorCode = false): bigint =>
  0x8000_0000n | BigInt(type << 8) | BigInt(vector) | (withErrorCode ? 0x800n : 0n);

t.test('a valid state breaks no rule, and the report says so', (t) => {
  t.same(brokenRules({}), []);
  t.match(logText(), /no rule for VM entries is broken that this hypervisor knows/);
  for (const mode of [VIRTUAL_8086, PAE, UNPAGED, RESTRICTED, WITH_LDT]) t.same(brokenRules(mode), []);
  t.end();
});

t.test('each broken rule is reported, in the order of the manual', (t) => {
  t.same(brokenRules({ [Field.vpid]: 0n, [Field.guestRflags]: 0n }), [
    'a VPID that is not 0',
    'guest RFLAGS with its reserved bits',
  ]);
  t.end();
});

t.test('states that only newer processors accept break no rule', (t) => {
  const basic = { 0x480: (1n << 55n) | (1n << 56n) };
  t.same(brokenRules({ [Field.entryInterruptionInformation]: event(3, 13) }, basic), []);
  t.same(brokenRules({ [Field.entryInterruptionInformation]: event(3, 6, true) }, basic), []);
  t.same(
    brokenRules({ [Field.entryInterruptionInformation]: event(4, 6, true), [Field.entryInstructionLength]: 2n }, basic),
    ['no error code for an event that has none'],
  );
  t.same(brokenRules({ [Field.guestDebugControl]: 4n }, {}, BUS_LOCKS), []);
  t.same(brokenRules({ [Field.guestRip]: NOT_CANONICAL }), [], 'RIP may be the first that is not canonical');
  t.end();
});

t.test('without true capability MSRs the older ones count', (t) => {
  const older = Object.fromEntries([0x481, 0x482, 0x483, 0x484].map((msr) => [msr, 0xffff_ffffn << 32n]));
  t.same(brokenRules({}, { ...older, 0x480: 0n }), []);
  t.match(brokenRules({}, { ...older, 0x480: 0n, 0x482: (0xffff_ffffn << 32n) | 2n }), [/PROCBASED_CTLS/]);
  t.end();
});

const RULES: readonly [string, Fields, Fields?][] = [
  ['pin-based controls as IA32_VMX_PINBASED_CTLS allows', {}, { 0x48d: (0xffff_ffffn << 32n) | 0x16n }],
  ['primary controls as IA32_VMX_PROCBASED_CTLS allows', {}, { 0x48e: 0n }],
  ['no virtual NMIs without NMI exiting', { [Field.pinControls]: 0x20n }],
  ['no NMI-window exiting without virtual NMIs', { [Field.primaryControls]: 0x9240_0000n }],
  ['no more CR3 targets than IA32_VMX_MISC allows', { [Field.cr3TargetCount]: 5n }],
  ['a physical page as I/O bitmap A', { [Field.ioBitmapA]: 0x1001n }],
  ['a physical page as I/O bitmap B', { [Field.ioBitmapB]: LOWEST_NOT_PHYSICAL }],
  ['a physical page as MSR bitmap', { [Field.msrBitmap]: 8n }],
  ['secondary controls as IA32_VMX_PROCBASED_CTLS2 allows', {}, { 0x48b: 0n }],
  ['no APIC virtualization without a TPR shadow', { [Field.secondaryControls]: 0x1a2n }],
  [
    'not both virtual x2APIC mode and virtual APIC accesses',
    { [Field.secondaryControls]: 0xb3n, [Field.primaryControls]: 0x9220_0000n },
  ],
  [
    'no virtual-interrupt delivery without external-interrupt exiting',
    { [Field.secondaryControls]: 0x2a2n, [Field.primaryControls]: 0x9220_0000n },
  ],
  ['no posted interrupts without virtual-interrupt delivery', { [Field.pinControls]: 0x80n }],
  ['a VPID that is not 0', { [Field.vpid]: 0n }],
  ['no unrestricted guest without EPT', { [Field.secondaryControls]: 0x80n, [Field.guestCr3]: 0n }],
  ['no page-modification log without EPT', { [Field.secondaryControls]: 0x2_0000n }],
  ['no mode-based execute control without EPT', { [Field.secondaryControls]: 0x40_0000n }],
  ['an EPT pointer with a memory type that the processor has', { [Field.eptPointer]: 0x4018n }],
  ['an EPT pointer to tables of four levels', { [Field.eptPointer]: 0x4026n }],
  ['no accessed and dirty flags in EPT where the processor has none', { [Field.eptPointer]: 0x405en }],
  ['an EPT pointer with bits 11:7 clear', { [Field.eptPointer]: 0x409en }],
  ['an EPT pointer within physical memory', { [Field.eptPointer]: BEYOND_MEMORY | 0x1en }],
  ['VM-exit controls as IA32_VMX_EXIT_CTLS allows', {}, { 0x48f: 0n }],
  ['no saving of a preemption timer that is not active', { [Field.exitControls]: 0x007c_0204n }],
  [
    'areas of MSRs in physical memory, aligned to 16 bytes',
    { [Field.exitMsrStoreCount]: 1n, [Field.exitMsrStoreAddress]: 8n },
  ],
  [
    'areas of MSRs in physical memory, aligned to 16 bytes',
    { [Field.exitMsrLoadCount]: 1n, [Field.exitMsrLoadAddress]: BEYOND_MEMORY },
  ],
  [
    'areas of MSRs in physical memory, aligned to 16 bytes',
    { [Field.entryMsrLoadCount]: 1n, [Field.entryMsrLoadAddress]: 8n },
  ],
  ['VM-entry controls as IA32_VMX_ENTRY_CTLS allows', {}, { 0x490: 0n }],
  ['no entry to SMM, and no end of dual-monitor treatment, outside of SMM', { [Field.entryControls]: 0x0000_c604n }],

  ['an event of a type that exists', { [Field.entryInterruptionInformation]: event(1, 0) }],
  ['vector 2 for an NMI', { [Field.entryInterruptionInformation]: event(2, 3) }],
  ['a vector below 32 for an exception', { [Field.entryInterruptionInformation]: event(3, 32) }],
  ['vector 0 for an event of type 7', { [Field.entryInterruptionInformation]: event(7, 1) }],
  ['an event with bits 30:12 clear', { [Field.entryInterruptionInformation]: event(3, 6) | 0x1000n }],
  ['an error code for an exception that has one', { [Field.entryInterruptionInformation]: event(3, 13) }],
  ['no error code for an event that has none', { [Field.entryInterruptionInformation]: event(3, 6, true) }],
  [
    'an error code with bits 31:16 clear',
    { [Field.entryInterruptionInformation]: event(3, 13, true), [Field.entryErrorCode]: 0x1_0000n },
  ],
  ['an instruction length of 1 to 15 for a software event', { [Field.entryInterruptionInformation]: event(4, 0x80) }],
  [
    'an instruction length of 1 to 15 for a software event',
    { [Field.entryInterruptionInformation]: event(6, 3), [Field.entryInstructionLength]: 16n },
  ],

  ['a valid host IA32_S_CET', { [Field.exitControls]: 0x103c_0204n, [Field.hostSupervisorCet]: 0x40n }],
  ['canonical, aligned host shadow stacks', { [Field.exitControls]: 0x103c_0204n, [Field.hostSsp]: 4n | 2n }],
  ['host IA32_PKRS with bits 63:32 clear', { [Field.exitControls]: 0x203c_0204n, [Field.hostPkrs]: 1n << 32n }],
  ['host CR0 with the bits that VMX fixes', { [Field.hostCr0]: 0x8000_0001n }],
  ['host CR4 with the bits that VMX fixes', { [Field.hostCr4]: 0x20n }],
  ['host CR3 within physical memory', { [Field.hostCr3]: BEYOND_MEMORY }],
  ['a canonical host IA32_SYSENTER_ESP', { [Field.hostSysenterEsp]: NOT_CANONICAL }],
  ['a canonical host IA32_SYSENTER_EIP', { [Field.hostSysenterEip]: NOT_CANONICAL }],
  ['a host PAT of memory types that exist', { [Field.hostPat]: 0x02n }],
  ['host EFER with no reserved bit', { [Field.hostEfer]: 0x502n }],
  ['host EFER.LMA and LME as the host is', { [Field.hostEfer]: 0x100n }],
  ['host selectors with RPL and TI clear', { [Field.hostGsSelector]: 4n }],
  ['a host CS selector that is not 0', { [Field.hostCsSelector]: 0n }],
  ['a host TR selector that is not 0', { [Field.hostTrSelector]: 0n }],
  ['a canonical host FS base', { [Field.hostFsBase]: NOT_CANONICAL }],
  ['a canonical host GS base', { [Field.hostGsBase]: NOT_CANONICAL }],
  ['a canonical host TR base', { [Field.hostTrBase]: NOT_CANONICAL }],
  ['a canonical host GDTR base', { [Field.hostGdtrBase]: NOT_CANONICAL }],
  ['a canonical host IDTR base', { [Field.hostIdtrBase]: NOT_CANONICAL }],
  ['the VM-exit control of a 64-bit host', { [Field.exitControls]: 0x003c_0004n, [Field.hostEfer]: 0n }],
  ['host CR4.PAE, since the host is 64-bit', { [Field.hostCr4]: 0x2000n }],
  ['a canonical host RIP', { [Field.hostRip]: NOT_CANONICAL }],

  ['a valid guest IA32_S_CET', { [Field.entryControls]: 0x10_c204n, [Field.guestSupervisorCet]: 0xc00n }],
  [
    'canonical, aligned guest shadow stacks',
    { [Field.entryControls]: 0x10_c204n, [Field.guestSspTable]: NOT_CANONICAL },
  ],
  ['guest IA32_PKRS with bits 63:32 clear', { [Field.entryControls]: 0x40_c204n, [Field.guestPkrs]: 1n << 63n }],
  ['a valid guest IA32_BNDCFGS', { [Field.entryControls]: 0x1_c204n, [Field.guestBndcfgs]: 4n }],
  ['guest CR0 with the bits that VMX fixes', { [Field.guestCr0]: 0x8000_0001n }],
  ['guest CR0 with the bits that VMX fixes', { ...UNPAGED, ...RESTRICTED }],
  ['no guest CR0.PG without CR0.PE', { ...PAE, [Field.guestCr0]: 0x8000_0020n }],
  ['guest CR0.PG in IA-32e mode', { [Field.guestCr0]: 0x21n }],
  ['guest CR4 with the bits that VMX fixes', { [Field.guestCr4]: 0x20n }],
  ['no guest CR4.CET without CR0.WP', { [Field.guestCr4]: 0x80_2020n }],
  ['guest CR4.PAE in IA-32e mode', { [Field.guestCr4]: 0x2000n }],
  ['no guest CR4.PCIDE outside of IA-32e mode', { ...PAE, [Field.guestCr4]: 0x2_2020n }],
  ['guest IA32_DEBUGCTL with no reserved bit', { [Field.guestDebugControl]: 4n }],
  ['guest DR7 with bits 63:32 clear', { [Field.guestDr7]: 1n << 32n }],
  ['guest CR3 within physical memory', { [Field.guestCr3]: BEYOND_MEMORY }],
  ['a canonical guest IA32_SYSENTER_ESP', { [Field.guestSysenterEsp]: NOT_CANONICAL }],
  ['a canonical guest IA32_SYSENTER_EIP', { [Field.guestSysenterEip]: NOT_CANONICAL }],
  ['a guest PAT of memory types that exist', { [Field.guestPat]: 8n << 56n }],
  ['a guest PAT of memory types that exist', { [Field.guestPat]: 3n }],
  ['guest EFER with no reserved bit', { [Field.guestEfer]: 0x1500n }],
  ['guest EFER.LMA as the entry control of IA-32e mode', { ...PAE, [Field.guestEfer]: 0x500n }],
  ['guest EFER.LME as LMA while there is paging', { [Field.guestEfer]: 0x400n }],
  ['a canonical guest GDTR base', { [Field.guestGdtrBase]: NOT_CANONICAL }],
  ['a canonical guest IDTR base', { [Field.guestIdtrBase]: NOT_CANONICAL }],
  ['a guest GDTR limit of 16 bits', { [Field.guestGdtrLimit]: 0x1_0000n }],
  ['a guest IDTR limit of 16 bits', { [Field.guestIdtrLimit]: 0x1_0000n }],
  ['guest RIP with equal bits beyond the linear addresses', { [Field.guestRip]: 1n << 48n }],
  ['guest RIP with bits 63:32 clear outside of 64-bit code', { ...PAE, [Field.guestRip]: 1n << 32n }],
  ['guest RFLAGS with its reserved bits', { [Field.guestRflags]: 0n }],
  ['guest RFLAGS with its reserved bits', { [Field.guestRflags]: 0xan }],
  ['guest RFLAGS.IF for an injected interrupt', { [Field.entryInterruptionInformation]: event(0, 0x20) }],
  ['guest PDPTEs with no reserved bit', { ...PAE, [Field.guestPdpte2]: 3n }],
  ['guest PDPTEs with no reserved bit', { ...PAE, [Field.guestPdpte0]: BEYOND_MEMORY | 1n }],

  ['a guest TR selector of the global table', { [selector(tr)]: 4n }],
  ['a guest LDTR selector of the global table', { ...WITH_LDT, [selector(ldtr)]: 4n }],
  ['a canonical guest TR base', { [base(tr)]: NOT_CANONICAL }],
  ['a canonical guest FS base', { [base(fs)]: NOT_CANONICAL }],
  ['a canonical guest GS base', { [base(gs)]: NOT_CANONICAL }],
  ['a canonical guest LDTR base', { ...WITH_LDT, [base(ldtr)]: NOT_CANONICAL }],
  ['a guest CS base with bits 63:32 clear', { [base(cs)]: 1n << 32n }],
  ['guest SS, DS and ES bases with bits 63:32 clear', { [base(ds)]: 1n << 32n }],
  ['virtual-8086 segments at 16 times their selectors', { ...VIRTUAL_8086, [selector(cs)]: 1n }],
  ['virtual-8086 segments of 64 KiB', { ...VIRTUAL_8086, [limit(gs)]: 0xfffffn }],
  ['virtual-8086 segments with access rights F3H', { ...VIRTUAL_8086, [rights(es)]: 0x93n }],
  ['guest CS of an accessed code type', { [rights(cs)]: 0xa09an }],
  ['a guest CS that is a usable code segment', { [rights(cs)]: 0x1_a09bn }],
  ['guest CS.DPL 0 for a CS of data type', { ...UNPAGED, [rights(cs)]: 0xc0f3n }],
  ['conforming CS.DPL up to SS.DPL', { [rights(cs)]: 0xa0ffn }],
  ['guest CS.DPL equal to SS.DPL', { [rights(cs)]: 0xa0fbn }],
  ['guest CS.D clear in 64-bit code', { [rights(cs)]: 0xe09bn }],
  ['guest CS present, with no reserved bit', { [rights(cs)]: 0xa01bn }],
  ['guest CS.G as its limit needs it', { [rights(cs)]: 0x209bn }],
  ['guest SS of an accessed, writable data type', { [rights(ss)]: 0xc091n }],
  ['guest SS a data segment', { [rights(ss)]: 0xc083n }],
  ['guest SS present, with no reserved bit', { [rights(ss)]: 0xc193n }],
  ['guest SS.G as its limit needs it', { [limit(ss)]: 0n }],
  ['guest DS, ES, FS and GS accessed', { [rights(ds)]: 0xc092n }],
  ['guest DS, ES, FS and GS readable', { [rights(es)]: 0xc099n }],
  ['guest DS, ES, FS and GS code or data segments', { [rights(fs)]: 0xc083n }],
  ['guest DS, ES, FS and GS present, with no reserved bit', { [rights(gs)]: 0xc013n }],
  ['G of guest DS, ES, FS and GS as their limits need it', { [rights(ds)]: 0x4093n }],
  ['guest TR of a busy TSS type', { [rights(tr)]: 0x89n }],
  ['guest TR of a busy TSS type', { [rights(tr)]: 0x83n }],
  ['a guest TR that is a usable system segment', { [rights(tr)]: 0x1_008bn }],
  ['guest TR present, with no reserved bit', { [rights(tr)]: 0x0bn }],
  ['guest TR.G as its limit needs it', { [rights(tr)]: 0x808bn }],
  ['guest LDTR of the LDT type', { [rights(ldtr)]: 0x83n }],
  ['guest LDTR present, with no reserved bit', { [rights(ldtr)]: 0x02n }],
  ['guest LDTR.G as its limit needs it', { ...WITH_LDT, [limit(ldtr)]: 0x10_0000n }],

  ['a guest activity state that exists', { [Field.guestActivity]: 4n }],
  ['a guest activity state that IA32_VMX_MISC has', { [Field.guestActivity]: 3n }, { 0x485: 0n }],
  ['an active guest behind STI and MOV SS', { [Field.guestActivity]: 2n, [Field.guestInterruptibility]: 2n }],
  [
    'no injected event that the guest does not wake for',
    { [Field.guestActivity]: 1n, [Field.entryInterruptionInformation]: event(3, 6) },
  ],
  [
    'no injected event that the guest does not wake for',
    { [Field.guestActivity]: 3n, [Field.entryInterruptionInformation]: event(2, 2) },
  ],
  ['guest interruptibility with bits 31:5 clear', { [Field.guestInterruptibility]: 0x20n }],
  ['not both blocking by STI and by MOV SS', { [Field.guestInterruptibility]: 3n, [Field.guestRflags]: 0x202n }],
  ['no blocking by STI while RFLAGS.IF is 0', { [Field.guestInterruptibility]: 1n }],
  [
    'no injected interrupt behind STI or MOV SS',
    {
      [Field.guestInterruptibility]: 1n,
      [Field.guestRflags]: 0x202n,
      [Field.entryInterruptionInformation]: event(0, 0x20),
    },
  ],
  [
    'no injected NMI behind MOV SS',
    { [Field.guestInterruptibility]: 2n, [Field.entryInterruptionInformation]: event(2, 2) },
  ],
  [
    'no injected NMI behind STI, which some processors refuse',
    {
      [Field.guestInterruptibility]: 1n,
      [Field.guestRflags]: 0x202n,
      [Field.entryInterruptionInformation]: event(2, 2),
    },
  ],
  [
    'no injected NMI while virtual NMIs are blocked',
    {
      [Field.pinControls]: 0x28n,
      [Field.guestInterruptibility]: 8n,
      [Field.entryInterruptionInformation]: event(2, 2),
    },
  ],
  ['no enclave interruption behind MOV SS', { [Field.guestInterruptibility]: 0x12n }],
  ['no blocking by SMI outside of SMM', { [Field.guestInterruptibility]: 4n }],
  ['pending debug exceptions with no reserved bit', { [Field.guestPendingDebug]: 0x10n }],
  [
    'a pending single step as RFLAGS.TF says, behind STI, MOV SS and HLT',
    { [Field.guestInterruptibility]: 2n, [Field.guestRflags]: 0x102n },
  ],
  ['a VMCS link pointer of all ones: no VMCS is shadowed', { [Field.linkPointer]: 0x5000n }],
];

for (const [text, fields, msrs] of RULES) {
  const changed = Object.entries(fields).map(
    ([field, value]) => `${Number(field).toString(16)} = ${value.toString(16)}`,
  );
  t.test(`${text}: told with ${changed.join(', ') || 'other capabilities'}`, (t) => {
    t.same(brokenRules(fields, msrs), [text]);
    t.end();
  });
}

/** Rules that cannot be broken alone. */
const TOGETHER: readonly [string, Fields][] = [
  ['guest RFLAGS.VM in protected mode only', { [Field.guestRflags]: 0x2_0002n }],
  ['no halted guest with SS.DPL above 0', { [Field.guestActivity]: 1n, [rights(ss)]: 0xc0f3n }],
  ['equal RPL of guest SS and CS', { ...RESTRICTED, [selector(ss)]: 3n }],
  ['guest SS.DPL equal to its RPL', { ...RESTRICTED, [selector(ss)]: 3n }],
  ['guest DS, ES, FS and GS with DPL from RPL on', { ...RESTRICTED, [selector(ds)]: 3n }],
  [
    'guest SS.DPL 0 in real mode and with a CS of data type',
    { ...UNPAGED, [Field.guestCr0]: 0x20n, [rights(ss)]: 0xc0f3n },
  ],
];

for (const [text, fields] of TOGETHER) {
  t.test(`${text}: told among others`, (t) => {
    t.ok(brokenRules(fields).includes(text));
    t.end();
  });
}
