/** Exits after which the guest cannot go on. */
import { stopGuest } from '../exits/stopGuest.js';
import { crash } from '../report/crash.js';
import { beginLine, print, printHex } from '../report/console.js';
import { resetMachine } from '../report/reset.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import type { Vmcb } from './vmcb.js';

/** A triple fault, which leaves the VMCB's state undefined (APM 2, 15.14.3). */
export function onShutdown(vcpu: Vcpu, vmcb: Vmcb): void {
  stopGuest('the guest shut its processor down (triple fault)', vmcb.rip);
}

/** INIT for the only processor: on the bare machine it starts again at the reset vector. */
export function onInit(vcpu: Vcpu, vmcb: Vmcb): void {
  resetMachine();
}

/** An exit that nothing asked for, or a VMCB that the processor refuses (VMEXIT_INVALID). */
export function onUnexpected(vcpu: Vcpu, vmcb: Vmcb): void {
  beginLine();
  print('exit ');
  printHex(vmcb.exitCode);
  print(' with ');
  printHex(vmcb.exitInfo1);
  print(', ');
  printHex(vmcb.exitInfo2);
  print(' at guest ');
  printHex(vmcb.rip);
  crash('the processor left the guest for a reason that was not asked for');
}
