/**
 * Handles INITs that no intercepted ICR write has sent: those of the I/O APIC, of a device's message, of port CF9h or
 * 92h. An INIT that arrives while a guest runs causes a VM exit and stays pending; the host, with GIF clear, does not
 * take it (15.17). With VM_CR.R_INIT the processor turns it into a #SX exception instead of a reset, which consumes it
 * (15.28 and 15.30.1).
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
 * Decides on the BSP whether INITs are redirected. On a virtual machine they are not, unless the option asks for it:
 * KVM keeps the bit, but resets the processor all the same.
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

/** Makes this processor redirect INITs, if the BSP does. */
export function redirectInits(): void {
  if (redirection.isOn && !setRedirection()) fail('an AP does not keep VM_CR.R_INIT, but the BSP does');
}

function setRedirection(): boolean {
  return setVmCr(VM_CR_R_INIT) !== 0n;
}

/**
 * Consumes the INIT that has caused a VM exit and is pending on the processor of `vcpu`. Setting GIF for a moment turns
 * it into a #SX, whose handler clears `isPending`. An NMI that arrives meanwhile is sent again (nmi.ts). If no #SX
 * came, the loop would not end, so the processor would run no guest.
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

/**
 * Handles a #SX with `errorCode`, called from runtime-c/exceptions.asm. Returns false if it is not the INIT that this
 * processor consumes.
 */
export function onSecurityException(errorCode: u64): boolean {
  const vcpu = currentVcpu();
  if (errorCode !== INIT_REDIRECTED || vcpu === null || vcpu.svm.init.isPending === 0) return false;
  vcpu.svm.init.isPending = 0;
  return true;
}
