/**
 * A fault of QEMU's TCG: when a guest is left it clears a request of its own without a lock (target/i386, do_vmexit), and
 * with it at times an interrupt that another thread asks for at that moment. The local APIC still knows of that, and asks
 * again when its task priority is written.
 */
import { at, BOOL, cpuid, instance, readCr8, struct, writeCr8 } from '../../../transpiler/lib/index.js';
import { isVirtualMachine } from '../../x86/virtualMachine.js';

/** CPUID: the first of the letters of a hypervisor's name, here of TCGTCGTCGTCG. */
const HYPERVISOR_SIGNATURE = 0x4000_0000;
const TCG_SIGNATURE = 0x5447_4354;

const LostInterrupts = struct('LostInterrupts', { size: 1 }, { areRepeated: at(0, BOOL) });
const fault = instance(LostInterrupts);

/** Finds out whether this machine has the fault. */
export function findLostInterrupts(): void {
  fault.areRepeated = isTcg();
}

function isTcg(): boolean {
  if (!isVirtualMachine()) return false;
  const signature = cpuid(HYPERVISOR_SIGNATURE, 0);
  return signature.ebx === TCG_SIGNATURE;
}

/**
 * Repeats what this exit may have lost. By CR8, not by the APIC's page: QEMU 7.2 crashed at times when that was written, it
 * seems while another processor moved a device (tcg_commit). Bits 3:0 of the task priority, which nothing uses, are lost.
 */
export function repeatLostInterrupts(): void {
  if (fault.areRepeated) writeCr8(readCr8());
}
