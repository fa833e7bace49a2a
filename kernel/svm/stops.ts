/** Exits after which the guest cannot go on. */
import { haltForever, u32, u64 } from '../../transpiler/lib/index.js';
import { stopGuest } from '../exits/stopGuest.js';
import { endLine, print } from '../report/console.js';
import { beginCrash, endCrash } from '../report/crash.js';
import { printRow } from '../report/registers.js';
import { resetMachine } from '../report/reset.js';
import { standStillIfEnded } from '../vcpu/end.js';
import { printGuestRegisters } from '../vcpu/printRegisters.js';
import { noteReset } from '../vcpu/startup.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { watchStartupOf } from './apicWatch.js';
import { explainEntryFailure } from './entryChecks.js';
import { stgi } from './operations.js';
import type { Vmcb } from './vmcb.js';

/** VMEXIT_INVALID: -1, of which QEMU has 32 bits (APM 2, appendix C). */
const INVALID = 0xffff_ffff;

/** A triple fault, which leaves the VMCB's state undefined (APM 2, 15.14.3). */
export function onShutdown(vcpu: Vcpu, vmcb: Vmcb): void {
  stopGuest('the guest shut its processor down (triple fault)', vmcb.rip);
}

/**
 * INIT. On the bare machine the first processor starts again at the reset vector. Any other one is reset as soon as the
 * INIT is no longer held back (APM 2, 15.17), and waits for a SIPI then. Where that SIPI could lead past the hypervisor, the
 * INIT is held back for ever, and the processor stands still.
 */
export function onInit(vcpu: Vcpu, _vmcb: Vmcb): void {
  standStillIfEnded();
  if (vcpu.number === 0) resetMachine();
  noteReset(vcpu.number);
  vcpu.call.isReset = 1;
  if (watchStartupOf(vcpu)) stgi();
  haltForever();
}

/** An exit that nothing asked for, or a VMCB that the processor refuses (VMEXIT_INVALID). */
export function onUnexpected(vcpu: Vcpu, vmcb: Vmcb): void {
  beginCrash();
  print('the processor left the guest for a reason that was not asked for');
  endLine();
  printRow('exit code', vmcb.exitCode, 'info 1', vmcb.exitInfo1, 'info 2', vmcb.exitInfo2);
  if (u32(vmcb.exitCode) === INVALID) explainEntryFailure(vmcb);
  printRow('guest rip', vmcb.rip, 'rsp', vmcb.rsp, 'rflags', vmcb.rflags);
  printRow('cr0', vmcb.cr0, 'cr3', u64(vmcb.cr3), 'cr4', vmcb.cr4);
  printGuestRegisters(vcpu.registers);
  endCrash();
}
