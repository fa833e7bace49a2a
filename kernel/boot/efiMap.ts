/** Asks the firmware for its map of all memory (UEFI Specification 2.10, 7.2.3). */
import {
  addressOf,
  at,
  hpa,
  instance,
  min64,
  struct,
  U32,
  u32,
  u64,
  U64,
  window,
  type Bytes,
} from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { addMemoryRange, MemoryKind } from './bootInfo.js';
import { efiCall } from './efiCalls.js';
import { EfiMemory, takePages } from './efiMemory.js';
import { bootServices } from './efiServices.js';
import { EFI_BUFFER_TOO_SMALL, EFI_SUCCESS } from './efiTables.js';

/** What the firmware says of its map. */
const MapAnswer = struct(
  'MapAnswer',
  { size: 32 },
  { bytes: at(0, U64), key: at(8, U64), descriptorBytes: at(16, U64), version: at(24, U32) },
);
const answer = instance(MapAnswer, { align: 8 });

const PAGE_BYTES = 4096n;
const MAP_BYTES_MOST = 0x10_0000n;
/** Room for what the allocation of the map adds to it. */
const MAP_ROOM = 0x1000n;
const LAST_ADDRESS = 0xffff_ffff_ffff_ffffn;

const DESCRIPTOR_LEAST = 40;
const DESCRIPTOR_MOST = 1024n;
const FIRST_FREE = 1;
const LAST_FREE = 7;

/** Takes the firmware's map over into `bootInfo`. Stops where there is none to be had. */
export function readFirmwareMap(): void {
  const map = firmwareMap();
  const step = u32(min64(answer.descriptorBytes, DESCRIPTOR_MOST));
  if (map.length === 0 || step < DESCRIPTOR_LEAST) fail('the firmware gives no memory map');
  for (let offset: u32 = 0; offset + step <= map.length; offset += step) addDescriptor(map.part(offset, step));
}

/** The map as it is now; empty where there is none. It lies in memory of its own until that is given back. */
function firmwareMap(): Bytes {
  const none = window(hpa(0n), 0);
  answer.bytes = 0n;
  if (getMap(0n) !== EFI_BUFFER_TOO_SMALL) return none;
  const room = u64(answer.bytes + MAP_ROOM);
  if (room > MAP_BYTES_MOST) return none;
  const pages = room / PAGE_BYTES + 1n;
  const place = takePages(EfiMemory.loaderData, pages, LAST_ADDRESS);
  answer.bytes = pages * PAGE_BYTES;
  if (place === 0n || getMap(u64(place)) !== EFI_SUCCESS) return none;
  return window(place, u32(min64(answer.bytes, pages * PAGE_BYTES)));
}

function getMap(place: u64): u64 {
  const start = u64(addressOf(answer));
  const service = bootServices().getMemoryMap;
  return efiCall(service, start, place, u64(start + 8n), u64(start + 16n), u64(start + 24n), 0n, 0n);
}

function addDescriptor(descriptor: Bytes): void {
  if (descriptor.length < DESCRIPTOR_LEAST) return;
  const kind = descriptor.u32(0);
  const start = descriptor.u64(8);
  const end = u64(start + descriptor.u64(24) * PAGE_BYTES);
  const isFree = kind >= FIRST_FREE && kind <= LAST_FREE;
  if (!addMemoryRange(hpa(start), hpa(end), isFree ? MemoryKind.available : MemoryKind.reserved))
    fail('the memory map of the firmware has too many ranges');
}
