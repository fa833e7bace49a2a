/** Takes over the APs from UEFI firmware (PI Specification 1.7, volume 2, 13.4). */
import {
  addressOf,
  arr,
  at,
  BOOL,
  instance,
  physical,
  requires,
  struct,
  u32,
  u64,
  U64,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { apicIdOf, MAX_PROCESSORS, numberOf, processorCount } from '../machine/madt.js';
import { beginLine, print, printDecimal, printHex } from '../report/console.js';
import { fail, standStill, stop } from '../report/fail.js';
import { vcpuOf } from '../vcpu/processors.js';
import { efiCall, efiProcessorEntry } from '../handover/efiCalls.js';
import { locateProtocol } from '../handover/efiServices.js';
import { EFI_SUCCESS, EfiMpServices, MP_SERVICES_HIGH, MP_SERVICES_LOW } from '../handover/efiTables.js';

const Counts = struct('EfiProcessorCounts', { size: 16 }, { all: at(0, U64), enabled: at(8, U64) });
const counts = instance(Counts, { align: 8 });

/** EFI_PROCESSOR_INFORMATION (13.4.2). Newer firmware writes up to byte 48. */
const Information = struct('EfiProcessorInformation', { size: 64 }, { apicId: at(0, U64) });
const information = instance(Information, { align: 8 });
const LAST_APIC_ID = 0xffff_ffffn;

/** For each processor in ACPI's list, whether the firmware has named it. */
const Seen = struct('EfiProcessorsSeen', { size: 256 }, { processors: at(0, arr(BOOL, MAX_PROCESSORS)) });
const seen = instance(Seen);

/** Parameters of StartupAllAPs: run one processor after another, and return when all have finished. */
const ONE_BY_ONE = 1n;
const NO_EVENT = 0n;
const MICROSECONDS = 20_000_000n;

/**
 * Stops start-up unless the firmware has exactly the processors that ACPI lists as enabled. Any other processor, even a
 * disabled one, would run the guest's code without the hypervisor as soon as the guest starts it, by a SIPI or by the
 * firmware's MP services. Firmware without MP services is accepted if ACPI lists a single processor.
 */
export function checkFirmwareProcessors(): void {
  const services = mpServices();
  const listed = processorCount();
  if (services === 0n && listed <= 1) return;
  if (services === 0n) fail('more than one processor, and the firmware has no MP services to reach the others by');
  countProcessors(services);
  const all = counts.all;
  const enabled = counts.enabled;
  if (all !== u64(listed) || enabled !== u64(listed)) refuseCounts(all, enabled);
  for (let number: u32 = 0; number < listed; number++) checkProcessor(services, number);
}

function countProcessors(services: Hpa): void {
  const place = u64(addressOf(counts));
  const service = physical(EfiMpServices, services).getNumberOfProcessors;
  if (efiCall(service, u64(services), place, u64(place + 8n), 0n, 0n, 0n, 0n) !== EFI_SUCCESS)
    fail('the firmware does not say how many processors it has');
}

/**
 * Stops start-up unless the firmware's processor is in ACPI's list and was not seen before. Both lists have the same
 * length, so they are equal if every processor passes.
 */
function checkProcessor(services: Hpa, number: u32): void {
  requires(number < MAX_PROCESSORS);
  const place = u64(addressOf(information));
  const service = physical(EfiMpServices, services).getProcessorInfo;
  if (efiCall(service, u64(services), u64(number), place, 0n, 0n, 0n, 0n) !== EFI_SUCCESS)
    fail('the firmware does not say which processors it has');
  const apicId = information.apicId;
  const found = apicId > LAST_APIC_ID ? MAX_PROCESSORS : numberOf(u32(apicId));
  if (found < MAX_PROCESSORS && !seen.processors.get(found)) {
    seen.processors.set(found, true);
    return;
  }
  beginLine();
  print('the firmware has a processor with APIC ID ');
  printHex(apicId);
  print(found < MAX_PROCESSORS ? ' twice' : ', which ACPI does not list as enabled');
  stop();
}

function refuseCounts(all: u64, enabled: u64): never {
  beginLine();
  print('ACPI lists ');
  printDecimal(u64(processorCount()));
  print(' processors as enabled, but the firmware has ');
  printDecimal(all);
  print(', of which ');
  printDecimal(enabled);
  print(' enabled: update the firmware, or switch all of them on');
  stop();
}

/**
 * Moves every AP under the hypervisor, whose page tables are at `tables`. Each resumes its firmware code as a guest.
 * Stops start-up if one does not answer.
 */
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

/**
 * Ends start-up because processor `number` does not answer. If other APs are already guests, the firmware cannot
 * continue without the hypervisor, so the machine halts.
 */
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
