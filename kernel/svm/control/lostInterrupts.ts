/**
 * Works around a fault of QEMU's TCG. At a VM exit it clears an interrupt request of its own without a lock
 * (target/i386, do_vmexit), and sometimes with it an interrupt that another thread requests at that moment. The local
 * APIC still knows the interrupt and requests it again when its task priority is written.
 */
import { at, BOOL, cpuid, instance, readCr8, struct, writeCr8 } from '../../../transpiler/lib/index.js';
import { isVirtualMachine } from '../../x86/virtualMachine.js';

/** CPUID leaf of a hypervisor's name, and the first letters of TCG's: "TCGTCGTCGTCG". */
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
 * Requests again any interrupt that this VM exit may have lost. Writes CR8 rather than the APIC's page: writing that
 * sometimes crashed QEMU 7.2, it seems while another processor moved a device (tcg_commit). Bits 3:0 of the task
 * priority are lost; nothing uses them.
 */
export function repeatLostInterrupts(): void {
  if (fault.areRepeated) writeCr8(readCr8());
}
