/** All other processors, which UEFI firmware holds (PI Specification 1.7, volume 2, 13.4). */
import {
  at,
  instance,
  physical,
  requires,
  struct,
  u64,
  U64,
  addressOf,
  type Hpa,
  type u32,
} from '../../transpiler/lib/index.js';
import { apicIdOf, MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import { beginLine, print, printDecimal, printHex } from '../report/console.js';
import { fail, standStill, stop } from '../report/fail.js';
import { vcpuOf } from '../vcpu/processors.js';
import { efiCall, efiProcessorEntry } from './efiCalls.js';
import { locateProtocol } from './efiServices.js';
import { EFI_SUCCESS, EfiMpServices, MP_SERVICES_HIGH, MP_SERVICES_LOW } from './efiTables.js';

const Counts = struct('EfiProcessorCounts', { size: 16 }, { all: at(0, U64), enabled: at(8, U64) });
const counts = instance(Counts, { align: 8 });

/** Of StartupAllAPs: one after the other, and the call returns when all are back. */
const ONE_BY_ONE = 1n;
const NO_EVENT = 0n;
const MICROSECONDS = 20_000_000n;

/** Stops where the firmware does not hold all the other processors that ACPI lists. */
export function checkFirmwareProcessors(): void {
  if (processorCount() <= 1) return;
  const services = mpServices();
  if (services === 0n) fail('more than one processor, and the firmware has no MP services to reach the others by');
  const place = u64(addressOf(counts));
  const service = physical(EfiMpServices, services).getNumberOfProcessors;
  const status = efiCall(service, u64(services), place, u64(place + 8n), 0n, 0n, 0n, 0n);
  if (status === EFI_SUCCESS && counts.enabled === u64(processorCount())) return;
  beginLine();
  print('ACPI lists ');
  printDecimal(u64(processorCount()));
  print(' processors, but the firmware holds ');
  printDecimal(counts.enabled);
  stop();
}

/** Has each of them enter the hypervisor, whose page tables are at `tables`, and go on with what it did as a guest. */
export function virtualizeOthers(tables: Hpa): void {
  if (processorCount() <= 1) return;
  const services = mpServices();
  const service = physical(EfiMpServices, services).startupAllAps;
  const entry = efiProcessorEntry();
  efiCall(service, u64(services), entry, ONE_BY_ONE, NO_EVENT, MICROSECONDS, u64(tables), 0n);
  const count = processorCount();
  for (let number: u32 = 1; number < count; number++) {
    if (!hasCome(number)) refuse(number);
  }
}

function hasCome(number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  return vcpuOf(number).mailbox.isReady !== 0;
}

/** Where others have come they stay guests, and the firmware cannot go on without the hypervisor. */
function refuse(number: u32): never {
  requires(number < MAX_PROCESSORS);
  beginLine();
  print('the processor with APIC ID ');
  printHex(u64(apicIdOf(number)));
  print(' does not answer');
  const count = processorCount();
  for (let other: u32 = 1; other < count; other++) {
    if (hasCome(other)) standStill();
  }
  stop();
}

function mpServices(): Hpa {
  return locateProtocol(MP_SERVICES_LOW, MP_SERVICES_HIGH);
}
