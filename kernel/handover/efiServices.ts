/**
 * Calls of UEFI firmware, and the memory by which parameters and results are passed (UEFI Specification 2.10, chapter
 * 7).
 */
import {
  addressOf,
  arr,
  at,
  HPA,
  hpa,
  instance,
  physical,
  struct,
  U64,
  u64,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { bootInfo } from './bootInfo.js';
import { efiCall } from './efiCalls.js';
import { EFI_SUCCESS, EfiBootServices } from './efiTables.js';

const Firmware = struct(
  'Firmware',
  { size: 24 },
  { systemTable: at(0, HPA), bootServices: at(8, HPA), image: at(16, U64) },
);
/** `image` is the handle of the hypervisor's own image. */
export const firmware = instance(Firmware);

/**
 * Memory that the firmware reads and writes during a call. Parameters lie here since the firmware cannot address the
 * hypervisor's stack.
 */
const Exchange = struct('Exchange', { size: 24 }, { guid: at(0, arr(U64, 2)), result: at(16, U64) });
const exchange = instance(Exchange, { align: 8 });

/** Whether the machine's firmware is UEFI: it started this image, or the boot loader that started it. */
export function isEfiMachine(): boolean {
  return firmware.systemTable !== 0n || bootInfo.efi.isPresent;
}

/** The table of the firmware's boot services. */
export function bootServices(): EfiBootServices {
  return physical(EfiBootServices, firmware.bootServices);
}

/** The protocol of a handle; 0 if the handle has none with this GUID. */
export function protocolOf(handle: u64, guidLow: u64, guidHigh: u64): Hpa {
  const guid = guidAt(guidLow, guidHigh);
  const status = efiCall(bootServices().handleProtocol, handle, guid, resultAt(0n), 0n, 0n, 0n, 0n);
  return status === EFI_SUCCESS ? hpa(result()) : hpa(0n);
}

/** The first protocol in the system with this GUID; 0 if there is none. */
export function locateProtocol(guidLow: u64, guidHigh: u64): Hpa {
  const guid = guidAt(guidLow, guidHigh);
  const status = efiCall(bootServices().locateProtocol, guid, 0n, resultAt(0n), 0n, 0n, 0n, 0n);
  return status === EFI_SUCCESS ? hpa(result()) : hpa(0n);
}

/** Stores a GUID and returns its address. The GUID stays there until the next call of this function. */
export function guidAt(low: u64, high: u64): u64 {
  exchange.guid.set(0, low);
  exchange.guid.set(1, high);
  return u64(addressOf(exchange.guid));
}

/** Stores `value` in a word that the firmware may change, and returns the word's address. result() reads the word. */
export function resultAt(value: u64): u64 {
  exchange.result = value;
  return u64(addressOf(exchange) + 16n);
}

/** The word whose address resultAt() gave, as the firmware left it. */
export function result(): u64 {
  return exchange.result;
}
