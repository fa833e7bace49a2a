/** The processors of the machine, as the firmware lists them (ACPI Specification 6.4, 5.2.12). */
import {
  addressOf,
  arr,
  at,
  cpuid,
  ensures,
  fillMemory,
  instance,
  list,
  min32,
  requires,
  struct,
  U16,
  u16,
  U32,
  u32,
  u64,
  U8,
  u8,
  type Bytes,
} from '../../transpiler/lib/index.js';
import { beginLine, print, printHex } from '../report/console.js';
import { fail, stop } from '../report/fail.js';
import { findTable } from './acpi.js';
import { Leaf } from '../x86/cpuid.js';

/** "APIC", the multiple APIC description table. */
export const MADT = 0x4349_5041;

/** The most processors that the hypervisor supports. */
export const MAX_PROCESSORS = 256;

const MADT_ENTRIES = 44;
const LOCAL_APIC = 0;
const LOCAL_APIC_BYTES = 8;
const LOCAL_APIC_ID = 3;
const LOCAL_APIC_FLAGS = 4;
const LOCAL_X2APIC = 9;
const LOCAL_X2APIC_BYTES = 16;
const LOCAL_X2APIC_ID = 4;
const LOCAL_X2APIC_FLAGS = 8;
const ENABLED = 1 << 0;
/** Flag of a processor that is not enabled: the operating system may enable it at run time (table 5.22). */
const ONLINE_CAPABLE = 1 << 1;

/** CPUID leaves with the initial APIC ID in 32 bits (APM 3, E.3.9). Leaf 1 has its lowest 8. */
const topologyLeaves = list(U32, [0x1f, 0x0b]);

/** APIC IDs below this have an entry in `places`; higher ones are searched for. */
const QUICK_IDS = 1024;

const Processors = struct(
  'Processors',
  { size: 3077 },
  {
    count: at(0, U32),
    apicIds: at(4, arr(U32, MAX_PROCESSORS)),
    /** Maps an APIC ID to the processor's number + 1; 0: no such processor. */
    places: at(1028, arr(U16, QUICK_IDS)),
    last: at(3076, U8),
  },
);
const PROCESSORS_BYTES = 3077n;
const processors = instance(Processors);

/** Lists the enabled processors, the BSP first. Stops start-up if the firmware does not list them all. */
export function readProcessors(): void {
  const madt = findTable(MADT);
  if (madt === null) fail('ACPI has no MADT, so the number of processors is unknown');
  fillMemory(addressOf(processors), 0, PROCESSORS_BYTES);
  addProcessor(ownApicId());
  let offset: u32 = MADT_ENTRIES;
  let listsOwn = false;
  while (offset < madt.length) {
    if (madt.length - offset < 2) fail('the ACPI table APIC ends in the middle of an entry');
    const bytes = madt.u8(offset + 1);
    if (bytes < 2 || bytes > madt.length - offset) fail('an entry of the ACPI table APIC has a bad length');
    if (readEntry(madt.part(offset, bytes))) listsOwn = true;
    offset += bytes;
  }
  if (!listsOwn) fail('the ACPI table APIC does not name the processor that starts the machine');
}

/** Number of processors. */
export function processorCount(): u32 {
  const count = min32(processors.count, MAX_PROCESSORS);
  ensures(count <= MAX_PROCESSORS);
  return count;
}

/** Number of the last processor; 0 before readProcessors(). As a u8 it is always below MAX_PROCESSORS. */
export function lastProcessor(): u32 {
  const last: u32 = processors.last;
  ensures(last < MAX_PROCESSORS);
  return last;
}

/** The initial APIC ID of processor `number`; 0 is the BSP. */
export function apicIdOf(number: u32): u32 {
  requires(number < MAX_PROCESSORS);
  return processors.apicIds.get(number);
}

/** The number of the processor with the initial APIC ID `apicId`; MAX_PROCESSORS or more if the firmware lists none. */
export function numberOf(apicId: u32): u32 {
  if (apicId < QUICK_IDS) return u32(processors.places.get(apicId) - 1);
  const count = processorCount();
  let number: u32 = 0;
  while (number < count && processors.apicIds.get(number) !== apicId) number++;
  return number < count ? number : MAX_PROCESSORS;
}

/** The initial APIC ID of this processor. */
export function ownApicId(): u32 {
  const vendor = cpuid(Leaf.vendor, 0);
  for (let i: u32 = 0; i < topologyLeaves.length; i++) {
    const leaf = topologyLeaves.get(i);
    if (vendor.eax < leaf) continue;
    const topology = cpuid(leaf, 0);
    if (topology.ebx !== 0) return topology.edx;
  }
  const features = cpuid(Leaf.features, 0);
  return features.ebx >>> 24;
}

/** Adds the processor in `entry`, if it is an enabled one. Returns whether that is the BSP. */
function readEntry(entry: Bytes): boolean {
  if (entry.length < LOCAL_APIC_BYTES) return false;
  const kind = entry.u8(0);
  if (kind === LOCAL_APIC) return readProcessor(entry.u8(LOCAL_APIC_ID), entry.u32(LOCAL_APIC_FLAGS));
  if (kind !== LOCAL_X2APIC || entry.length < LOCAL_X2APIC_BYTES) return false;
  return readProcessor(entry.u32(LOCAL_X2APIC_ID), entry.u32(LOCAL_X2APIC_FLAGS));
}

/**
 * Ignores a processor that is neither enabled nor online capable: boards fill their table with such entries. Stops
 * start-up at one that the guest could enable later, because it would run without the hypervisor.
 */
function readProcessor(apicId: u32, flags: u32): boolean {
  if ((flags & ENABLED) !== 0) return addProcessor(apicId);
  if ((flags & ONLINE_CAPABLE) === 0) return false;
  beginLine();
  print('ACPI lists the processor with APIC ID ');
  printHex(u64(apicId));
  print(' as one that can come online later: switch it on in the set-up, or hot-plugging of processors off');
  stop();
}

/** Adds a processor, unless it is already listed: firmware may list one in both ways. Returns whether it is the BSP. */
function addProcessor(apicId: u32): boolean {
  const number = numberOf(apicId);
  if (number < MAX_PROCESSORS) return number === 0;
  const count = processorCount();
  if (count >= MAX_PROCESSORS) fail('more than 256 processors: this version can hold no more');
  processors.apicIds.set(count, apicId);
  if (apicId < QUICK_IDS) processors.places.set(apicId, u16(count + 1));
  processors.last = u8(count);
  processors.count = count + 1;
  return false;
}
