/** Gets the memory map from UEFI firmware (UEFI Specification 2.10, 7.2.3). */
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
} from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { efiCall } from '../../handover/efiCalls.js';
import { EfiMemory, giveBackLast, takePages } from '../../handover/efiMemory.js';
import { addEfiRanges, keepEfiMap } from '../../machine/efiMemoryMap.js';
import { bootServices } from '../../handover/efiServices.js';
import { EFI_BUFFER_TOO_SMALL, EFI_SUCCESS } from '../../handover/efiTables.js';
import { PAGE_BYTES } from '../../x86/pages.js';

/** The results of GetMemoryMap other than the map. */
const MapAnswer = struct(
  'MapAnswer',
  { size: 32 },
  { bytes: at(0, U64), key: at(8, U64), descriptorBytes: at(16, U64), version: at(24, U32) },
);
const answer = instance(MapAnswer, { align: 8 });

const MAP_BYTES_MOST = 0x10_0000n;
/** Extra room, because allocating memory for the map makes the map longer. */
const MAP_ROOM = 0x1000n;
const LAST_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** Copies the firmware's map into `bootInfo`. Stops start-up if the firmware gives none. */
export function readFirmwareMap(): void {
  const map = firmwareMap();
  if (map.length === 0) fail('the firmware gives no memory map');
  keepEfiMap(map.start, map.length, u32(min64(answer.descriptorBytes, MAP_BYTES_MOST)), answer.version);
  addEfiRanges();
  giveBackLast();
}

/** The current map; empty if there is none. It lies in memory allocated for it, which the caller frees. */
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
