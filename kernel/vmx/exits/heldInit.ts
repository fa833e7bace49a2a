/**
 * Works around a fault of Bochs 2.7: an INIT that has caused a VM exit stays pending and causes another at each VM
 * entry, until it resets the processor. On Bochs it is therefore allowed to reset the processor. The BSP looks for such
 * processors as long as the machine runs, and sends each a SIPI that leads into the hypervisor again.
 */
import {
  at,
  BOOL,
  haltForever,
  instance,
  pause,
  requires,
  struct,
  u64,
  type u32,
  window,
} from '../../../transpiler/lib/index.js';
import { rsdpAddress } from '../../machine/acpi.js';
import { sendStartup } from '../../machine/localApic.js';
import { MAX_PROCESSORS, processorCount } from '../../machine/madt.js';
import { isVirtualMachine } from '../../x86/virtualMachine.js';
import { countsOf, readClock } from '../../time/clock.js';
import { addTimer, Task } from '../../time/timerQueue.js';
import { vcpuOf } from '../../vcpu/processors.js';
import { trampolineVector } from '../../space/trampoline.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { vmxoff } from '../control/operations.js';

/** "BOCHS ": the OEM of the ACPI tables. */
const MAKER = 9;
const BOCHS = 0x4843_4f42;
const BOCHS_END = 0x2053;
const RSDP_BYTES = 20;

/**
 * Time after the guest's first SIPI by which its second one has arrived too; that one must not start the processor
 * outside the hypervisor.
 */
const SECOND_SIPI_MICROSECONDS = 10_000;
/** Period of looking for processors that were reset. Guests wait more than two periods for a processor. */
const PERIOD_MICROSECONDS = 10_000;

const HeldInit = struct('HeldInit', { size: 1 }, { isHeld: at(0, BOOL) });
const fault = instance(HeldInit);

/** Finds out whether this machine has the held-INIT fault, and APs. */
export function findHeldInit(): boolean {
  fault.isHeld = processorCount() > 1 && isBochs();
  return fault.isHeld;
}

/** Whether this machine has the held-INIT fault. */
export function holdsInits(): boolean {
  return fault.isHeld;
}

function isBochs(): boolean {
  const rsdp = window(rsdpAddress(), RSDP_BYTES);
  // Other emulators use Bochs's tables, too.
  return !isVirtualMachine() && rsdp.u32(MAKER) === BOCHS && rsdp.u16(MAKER + 4) === BOCHS_END;
}

/** Lets the pending INIT reset this processor, after the guest has sent the last SIPI of its start-up sequence. */
export function takeHeldInit(vcpu: Vcpu): never {
  const end = u64(readClock() + countsOf(SECOND_SIPI_MICROSECONDS));
  while (readClock() < end) pause();
  vcpu.vmx.mailbox.wantsStart = 1;
  vmxoff();
  return haltForever();
}

/** Starts to look for processors that were reset. */
export function lookForResets(): void {
  addTimer(Task.restart, u64(readClock() + countsOf(PERIOD_MICROSECONDS)));
}

/** Restarts processors that were reset, and schedules the next look. */
export function restartProcessors(now: u64): void {
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) restart(number);
  addTimer(Task.restart, u64(now + countsOf(PERIOD_MICROSECONDS)));
}

function restart(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const vcpu = vcpuOf(number);
  if (vcpu.vmx.mailbox.wantsStart !== 0) sendStartup(vcpu.apicId, trampolineVector());
}
