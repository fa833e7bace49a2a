/**
 * INITs that do not come from an intercepted ICR: those of the I/O APIC, of a device's message, of port CF9h or 92h. One that
 * comes while a guest runs exits and stays pending; the host, with GIF clear, holds it (15.17). With VM_CR.R_INIT
 * the processor makes a #SX exception of it in place of the reset, which consumes it (15.28 and 15.30.1).
 */
import { at, BOOL, instance, struct, type u64 } from '../../../transpiler/lib/index.js';
import { sendNmiToSelf } from '../../machine/localApic.js';
import { InitChoice, options } from '../../machine/options.js';
import { isVirtualMachine } from '../../x86/virtualMachine.js';
import { fail } from '../../report/fail.js';
import { currentVcpu } from '../../vcpu/processors.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { clgi, stgi } from '../control/operations.js';
import { VM_CR_R_INIT } from '../control/registers.js';
import { setVmCr } from '../control/vmCr.js';

/** Error code of #SX (APM 2, 8.2.23 and 15.28). */
const INIT_REDIRECTED = 1n;

const Redirection = struct('InitRedirection', { size: 1 }, { isOn: at(0, BOOL) });
const redirection = instance(Redirection);

/**
 * Chooses on the BSP whether INITs are redirected. Not on a virtual machine, unless it is asked for: KVM keeps the bit, and
 * resets the processor all the same.
 */
export function chooseRedirection(): void {
  redirection.isOn = options.init !== InitChoice.hold && (options.init === InitChoice.redirect || !isVirtualMachine());
  if (!redirection.isOn || setRedirection()) return;
  if (options.init === InitChoice.redirect) fail('init=redirect: this processor does not keep VM_CR.R_INIT');
  redirection.isOn = false;
}

/** Whether the processors redirect INITs. */
export function redirectsInit(): boolean {
  return redirection.isOn;
}

/** Has this processor redirect INITs, if the BSP does. */
export function redirectInits(): void {
  if (redirection.isOn && !setRedirection()) fail('a processor does not keep VM_CR.R_INIT, which the first one does');
}

function setRedirection(): boolean {
  return setVmCr(VM_CR_R_INIT) !== 0n;
}

/**
 * Consumes the INIT that has exited and is pending on the processor of `vcpu`. With GIF set for a moment it becomes a #SX, whose
 * handler says so; an NMI that comes in between is sent once more (nmi.ts). Where no #SX came, this would not end: the
 * processor stands still then, and runs no guest.
 */
export function consumeInit(vcpu: Vcpu): void {
  vcpu.svm.init.isPending = 1;
  while (vcpu.svm.init.isPending !== 0) {
    stgi();
    clgi();
  }
  if (vcpu.svm.init.hasNmi !== 0) sendNmiToSelf();
  vcpu.svm.init.hasNmi = 0;
}

/** From runtime-c/exceptions.asm: a #SX with `errorCode`. False where it is not the INIT that this processor consumes. */
export function onSecurityException(errorCode: u64): boolean {
  const vcpu = currentVcpu();
  if (errorCode !== INIT_REDIRECTED || vcpu === null || vcpu.svm.init.isPending === 0) return false;
  vcpu.svm.init.isPending = 0;
  return true;
}
