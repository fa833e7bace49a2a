/**
 * Commands that the guest writes to its ICR: interrupts for other processors (SDM 3A 10.6; APM 2, 16.5). All are sent
 * unchanged except INIT and SIPI, which become requests to their receivers (kernel/vcpu/sipi.ts).
 */
import { requires, table, u32, type u64 } from '../../../transpiler/lib/index.js';
import {
  ICR_IS_LOGICAL,
  ICR_LEVEL,
  ICR_LEVEL_TRIGGER,
  Delivery,
  DELIVERY_MASK,
  SHORTHAND_MASK,
  STARTUP_VECTOR,
} from '../../machine/localApic.js';
import { lastProcessor, MAX_PROCESSORS, numberOf } from '../../machine/madt.js';
import { vcpuOf } from '../../vcpu/processors.js';
import {
  lockStartup,
  requestReset,
  requestResets,
  requestStart,
  requestStarts,
  unlockStartup,
} from '../../vcpu/sipi.js';
import { isBroadcast, namesLogically } from './receivers.js';
import { refuseInit } from './refusal.js';

/**
 * Start of the upper half of the address space, where 64-bit kernels run. Firmware runs in the lower half, at the
 * addresses of memory.
 */
const UPPER_HALF = 0x8000_0000_0000_0000n;

type Ask = (sender: u32, command: u32, destination: u32, isWide: boolean, rip: u64) => boolean;

/**
 * The functions that request an INIT or SIPI, by its shorthand (ICR bits 19:18) and whether the destination is logical
 * (bit 11). INIT and SIPI are never sent, so all return false.
 */
const askers = table<Ask>(8, askPhysical, {
  [1]: askLogical,
  [2]: askSelf,
  [3]: askSelf,
  [4]: askAll,
  [5]: askAll,
  [6]: askOthers,
  [7]: askOthers,
});
const ASKERS_MASK = 7;
const SHORTHAND_SHIFT = 17;
const LOGICAL_SHIFT = 11;

/**
 * Fast test: the command can be sent unchanged. NMI, INIT and SIPI all have bit 10, that of NMI's delivery mode, set.
 */
export function isPlainInterrupt(command: u32): boolean {
  return u32(command & Delivery.nmi) === 0;
}

/**
 * Whether `command`, the low half of the ICR, which the guest writes at `rip` on processor `sender`, is to be sent. An
 * INIT or SIPI is not: its receivers have the request when this returns. `destination` is a byte, or 32 bits in x2APIC
 * mode (`isWide`).
 */
export function isSentOn(sender: u32, command: u32, destination: u32, isWide: boolean, rip: u64): boolean {
  const delivery = u32(command & DELIVERY_MASK);
  if (delivery !== Delivery.init && delivery !== Delivery.startup) return true;
  if (delivery === Delivery.init && isDeassert(command)) return false;
  const shorthand = u32(command & SHORTHAND_MASK) >>> SHORTHAND_SHIFT;
  const logical = u32(command & ICR_IS_LOGICAL) >>> LOGICAL_SHIFT;
  return askers.get(u32(shorthand | logical) & ASKERS_MASK)(sender, command, destination, isWide, rip);
}

function askPhysical(sender: u32, command: u32, destination: u32, isWide: boolean, rip: u64): boolean {
  if (isBroadcast(destination, isWide)) return askAll(sender, command, destination, isWide, rip);
  return askNumber(numberOf(destination), command, destination, rip);
}

function askSelf(sender: u32, command: u32, destination: u32, _isWide: boolean, rip: u64): boolean {
  return askNumber(sender, command, destination, rip);
}

/**
 * Requests an INIT or SIPI of processor `number`; does nothing if that is MAX_PROCESSORS or more, since no processor
 * has the ID. The BSP always runs, so it ignores a SIPI.
 */
function askNumber(number: u32, command: u32, destination: u32, rip: u64): boolean {
  if (number >= MAX_PROCESSORS) return false;
  if (number === 0 && isInit(command)) refuseInit(command, destination, rip);
  lockStartup();
  ask(number, command, rip);
  unlockStartup();
  return false;
}

function askOthers(sender: u32, command: u32, destination: u32, _isWide: boolean, rip: u64): boolean {
  if (isInit(command) && sender !== 0) refuseInit(command, destination, rip);
  lockStartup();
  if (isInit(command)) requestResets();
  else requestStarts(command & STARTUP_VECTOR, rip >= UPPER_HALF);
  unlockStartup();
  return false;
}

function askAll(_sender: u32, command: u32, destination: u32, _isWide: boolean, rip: u64): boolean {
  if (isInit(command)) refuseInit(command, destination, rip);
  lockStartup();
  requestStarts(command & STARTUP_VECTOR, rip >= UPPER_HALF);
  unlockStartup();
  return false;
}

function askLogical(_sender: u32, command: u32, destination: u32, isWide: boolean, rip: u64): boolean {
  if (isInit(command) && namesLogically(destination, isWide, vcpuOf(0))) refuseInit(command, destination, rip);
  const last = lastProcessor();
  lockStartup();
  for (let number: u32 = 1; number <= last; number++) {
    if (namesLogically(destination, isWide, vcpuOf(number))) ask(number, command, rip);
  }
  unlockStartup();
  return false;
}

function ask(number: u32, command: u32, rip: u64): void {
  requires(number < MAX_PROCESSORS);
  if (isInit(command)) requestReset(number);
  else requestStart(number, command & STARTUP_VECTOR, rip >= UPPER_HALF);
}

function isInit(command: u32): boolean {
  return u32(command & DELIVERY_MASK) === Delivery.init;
}

/** Whether an INIT is a level de-assert, which resets nothing: level trigger and level 0. */
function isDeassert(command: u32): boolean {
  return u32(command & (ICR_LEVEL | ICR_LEVEL_TRIGGER)) === ICR_LEVEL_TRIGGER;
}
