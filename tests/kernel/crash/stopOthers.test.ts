/** How the processor that crashes stops the others, and where the others notice that the node has ended. */
import t from 'tap';
import { stopGuest } from '../../../kernel/exits/stopGuest.js';
import { options, TripleFaultAction } from '../../../kernel/machine/options.js';
import { beginCrash } from '../../../kernel/crash/crash.js';
import { takeConsole } from '../../../kernel/report/consoleLock.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { claimEnd, noteGuestRuns, Reach } from '../../../kernel/x86/end.js';
import { onNmi } from '../../../kernel/run/nmi.js';
import { vcpuAddress } from '../../../kernel/vcpu/processors.js';
import { GS_BASE } from '../../../kernel/x86/registers.js';
import { directAddress } from '../../../kernel/x86/platform.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { CODE, HALTED, HIDDEN, startGuest, TABLES, walkTables } from '../support/guest.js';
import { startIntelGuest } from '../support/intel.js';
import { viewOf, logText } from '../support/startup.js';

const APIC_BASE = 0x1b;
const RESET_BASE = 0xfee0_0000n;
const ENABLED = 0x800n;
const X2APIC = 0xc00n;
const X2APIC_ICR = 0x830;
const COMMAND = 0x300;
const NMI_TO_OTHERS = 0xc_4400;
const INIT_TO_OTHERS = 0xc_4500;

/** A guest on two processors whose local APIC is as `base` says. */
function startWithApic(base: bigint) {
  const guest = startGuest([], undefined, 1);
  guest.processor.msrs.set(APIC_BASE, base);
  const apic = viewOf(addMemory(RESET_BASE, 0x1000));
  const sent: bigint[] = [];
  guest.processor.wrmsr = (msr, value) => {
    guest.processor.msrs.set(msr, value);
    if (msr === X2APIC_ICR) sent.push(value);
  };
  return { ...guest, apic, sent };
}

t.test('before the guest runs a crash sends nothing to other processors: the firmware uses them', (t) => {
  const { apic, sent } = startWithApic(RESET_BASE | ENABLED);
  beginCrash();
  t.equal(apic.getUint32(COMMAND, true), 0);
  t.same(sent, []);
  t.end();
});

t.test('if INITs stay pending, the last command to all others is an INIT', (t) => {
  const { apic } = startWithApic(RESET_BASE | ENABLED);
  noteGuestRuns(Reach.nmiAndInit);
  beginCrash();
  t.equal(apic.getUint32(COMMAND, true), INIT_TO_OTHERS);
  t.end();
});

t.test('if an INIT would reset them, all others get only an NMI', (t) => {
  const { apic } = startWithApic(RESET_BASE | ENABLED);
  noteGuestRuns(Reach.nmi);
  beginCrash();
  t.equal(apic.getUint32(COMMAND, true), NMI_TO_OTHERS);
  t.end();
});

t.test('in x2APIC mode the commands are sent by the MSR, the NMI first', (t) => {
  const { sent } = startWithApic(RESET_BASE | X2APIC);
  noteGuestRuns(Reach.nmiAndInit);
  beginCrash();
  t.same(sent, [BigInt(NMI_TO_OTHERS), BigInt(INIT_TO_OTHERS)]);
  t.end();
});

t.test('a local APIC that the guest has switched off or moved is used nevertheless', (t) => {
  for (const base of [RESET_BASE, 0xff_1234_5000n | ENABLED, 0x7fff_f000n]) {
    const { apic, processor } = startWithApic(base | 0x100n);
    noteGuestRuns(Reach.nmi);
    beginCrash();
    t.equal(apic.getUint32(COMMAND, true), NMI_TO_OTHERS);
    t.equal(processor.msrs.get(APIC_BASE), RESET_BASE | ENABLED | 0x100n);
  }
  t.end();
});

t.test('after the end no guest-physical address is mapped', (t) => {
  const { vmcb } = startWithApic(RESET_BASE | ENABLED);
  noteGuestRuns(Reach.nmi);
  t.ok(walkTables(vmcb.nestedCr3, BigInt(CODE)));
  beginCrash();
  for (const address of [BigInt(CODE), BigInt(TABLES), RESET_BASE, HIDDEN])
    t.equal(walkTables(vmcb.nestedCr3, address), null);
  t.end();
});

t.test('a report does not wait for a console that another processor holds', (t) => {
  startWithApic(RESET_BASE | ENABLED);
  takeConsole();
  beginCrash();
  t.match(logText(), /^tsvm: crash: $/m);
  t.end();
});

t.test('with triple-fault=halt the end of one processor stops the others too', (t) => {
  const { apic } = startWithApic(RESET_BASE | ENABLED);
  noteGuestRuns(Reach.nmiAndInit);
  options.tripleFault = TripleFaultAction.halt;
  t.throws(() => stopGuest('the end', 0n), HALTED);
  t.equal(apic.getUint32(COMMAND, true), INIT_TO_OTHERS);
  t.end();
});

type Leave = () => void;

/** The ways to exit. Each starts a guest and returns a function that makes a processor exit. */
const ways: Readonly<Record<string, () => Leave>> = {
  'AMD-V: NMI': () => amdExit(ExitCode.nmi),
  'AMD-V: the IRET of a handler of NMIs': () => amdExit(ExitCode.iret),
  'AMD-V: INIT': () => amdExit(ExitCode.init),
  'AMD-V: an address that leads nowhere': () => amdExit(ExitCode.nestedPageFault),
  'AMD-V: a triple fault': () => amdExit(ExitCode.shutdown),
  'VT-x: INIT': () => intelExit(ExitReason.init),
  'VT-x: SIPI': () => intelExit(ExitReason.sipi),
  'VT-x: an address that leads nowhere': () => intelExit(ExitReason.eptViolation),
  'VT-x: a triple fault': () => intelExit(ExitReason.tripleFault),
};

function amdExit(code: number): Leave {
  const guest = startGuest();
  return () => guest.exit(code, 0n, BigInt(CODE));
}

function intelExit(reason: number): Leave {
  const guest = startIntelGuest();
  return () => guest.exit(reason);
}

for (const [name, start] of Object.entries(ways)) {
  t.test(`a processor that exits after the end halts without output. ${name}`, (t) => {
    const leave = start();
    const logged = logText();
    claimEnd();
    t.throws(leave, HALTED);
    t.equal(logText(), logged);
    t.end();
  });
}

t.test('an NMI that comes while the hypervisor runs stops it there, with INITs pending on AMD-V', (t) => {
  const amd = startGuest();
  amd.processor.msrs.set(GS_BASE, directAddress(vcpuAddress(0)));
  amd.processor.stgi();
  claimEnd();
  t.throws(onNmi, HALTED);
  t.notOk(amd.processor.holdsNothingBack);
  startIntelGuest();
  claimEnd();
  t.throws(onNmi, HALTED);
  t.end();
});

t.test('an NMI before the guest runs stops the processor too', (t) => {
  const { processor } = startGuest();
  processor.msrs.set(GS_BASE, 0n);
  t.notOk(onNmi());
  claimEnd();
  t.throws(onNmi, HALTED);
  t.end();
});
