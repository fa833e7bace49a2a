/** How UEFI firmware is asked for something (UEFI Specification 2.10, chapter 7). */
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

/** What the firmware reads and writes: it does not reach the hypervisor's stack. */
const Exchange = struct('Exchange', { size: 24 }, { guid: at(0, arr(U64, 2)), result: at(16, U64) });
const exchange = instance(Exchange, { align: 8 });

/** Whether the machine's firmware is UEFI, which started this image or the boot loader that did. */
export function isEfiMachine(): boolean {
  return firmware.systemTable !== 0n || bootInfo.efi.isPresent;
}

/** The firmware's functions. */
export function bootServices(): EfiBootServices {
  return physical(EfiBootServices, firmware.bootServices);
}

/** The protocol of a handle; 0 where it has none with this GUID. */
export function protocolOf(handle: u64, guidLow: u64, guidHigh: u64): Hpa {
  const guid = guidAt(guidLow, guidHigh);
  const status = efiCall(bootServices().handleProtocol, handle, guid, resultAt(0n), 0n, 0n, 0n, 0n);
  return status === EFI_SUCCESS ? hpa(result()) : hpa(0n);
}

/** A protocol that there is once; 0 where there is none. */
export function locateProtocol(guidLow: u64, guidHigh: u64): Hpa {
  const guid = guidAt(guidLow, guidHigh);
  const status = efiCall(bootServices().locateProtocol, guid, 0n, resultAt(0n), 0n, 0n, 0n, 0n);
  return status === EFI_SUCCESS ? hpa(result()) : hpa(0n);
}

/** The address of a GUID that lies there until the next call of this function. */
export function guidAt(low: u64, high: u64): u64 {
  exchange.guid.set(0, low);
  exchange.guid.set(1, high);
  return u64(addressOf(exchange.guid));
}

/** The address of a word for the firmware's answer, or for what it changes, which is `value` now. */
export function resultAt(value: u64): u64 {
  exchange.result = value;
  return u64(addressOf(exchange) + 16n);
}

/** What the firmware wrote there. */
export function result(): u64 {
  return exchange.result;
}
