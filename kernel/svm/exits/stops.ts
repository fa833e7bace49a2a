/** VM exits after which the guest cannot continue. */
import { haltForever, u32, u64 } from '../../../transpiler/lib/index.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { stopGuest } from '../../exits/stopGuest.js';
import { endLine, print } from '../../report/console.js';
import { beginCrash, endCrash } from '../../crash/crash.js';
import { printRow } from '../../report/registers.js';
import { resetMachine } from '../../report/reset.js';
import { standStillIfEnded } from '../../x86/end.js';
import { printGuestRegisters } from '../../vcpu/printRegisters.js';
import { lockStartup, noteWaiting, unlockStartup } from '../../vcpu/sipi.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { resumeInterception } from '../reset/apicInterception.js';
import { explainEntryFailure } from '../entry/entryChecks.js';
import { consumeInit, redirectsInit } from '../reset/initRedirection.js';
import { park } from '../reset/parking.js';
import type { Vmcb } from '../control/vmcb.js';

/** VMEXIT_INVALID is -1, of which QEMU sets only 32 bits (APM 2, appendix C). */
const INVALID = 0xffff_ffff;

/** Handles a triple fault, which leaves the state in the VMCB undefined (APM 2, 15.14.3). */
export function onShutdown(vcpu: Vcpu, vmcb: Vmcb): void {
  stopGuest('the guest shut its processor down (triple fault)', vmcb.rip);
}

/**
 * Handles an INIT that no intercepted ICR write has sent, from the guest of `vcpu` or from the parking guest. On the
 * bare machine the BSP restarts at the reset vector, and any other processor waits for a SIPI. The same happens here if
 * the processor can consume the INIT without being reset by it. Otherwise the INIT stays pending for ever, with GIF
 * clear, and the processor halts.
 */
export function onInit(vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  if (vcpu.number === 0) resetMachine();
  if (!redirectsInit()) standStill(vcpu.number, vmcb);
  consumeInit(vcpu);
  lockStartup();
  noteWaiting(vcpu.number);
  resumeInterception(vcpu);
  unlockStartup();
  park(vcpu);
}

function standStill(number: u32, vmcb: Vmcb): never {
  recordEvent(Event.heldInit, u64(number), vmcb.rip);
  return haltForever();
}

/** Handles an exit that nothing asked for, or a VMCB that the processor refuses (VMEXIT_INVALID). */
export function onUnexpected(vcpu: Vcpu, vmcb: Vmcb): void {
  beginCrash();
  print('unexpected VM exit: nothing asked for it');
  endLine();
  printRow('exit code', vmcb.exitCode, 'info 1', vmcb.exitInfo1, 'info 2', vmcb.exitInfo2);
  if (u32(vmcb.exitCode) === INVALID) explainEntryFailure(vmcb);
  printRow('guest rip', vmcb.rip, 'rsp', vmcb.rsp, 'rflags', vmcb.rflags);
  printRow('cr0', vmcb.cr0, 'cr3', u64(vmcb.cr3), 'cr4', vmcb.cr4);
  printGuestRegisters(vcpu.registers);
  endCrash();
}
