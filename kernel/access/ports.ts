/**
 * The owners of I/O ports; most belong to the guest. The permission maps and the dispatch of accesses are both built
 * from this list, which is complete before the first processor runs its guest.
 */
import {
  arr,
  at,
  ensures,
  instance,
  min32,
  struct,
  u32,
  U32,
  U8,
  u64,
  u8,
  window,
  type Hpa,
  type u16,
} from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import type { Owner } from './owner.js';
import { OWNERS } from './owner.js';
import { MOST_RANGES, OwnedRanges, ownRange } from './ranges.js';

const ports = instance(OwnedRanges, { align: 8 });

const PORTS = 0x1_0000;
/** Blocks of 256 ports with the same high byte. */
const BLOCKS = 16;
const BLOCK_SHIFT = 8;
const LOW_BYTE = 0xff;
const PortOwners = struct(
  'PortOwners',
  { size: 0x1104 },
  {
    /** The block of a port, by its high byte. No port in block 0 has an owner. */
    blocks: at(0, arr(U8, 0x100)),
    owners: at(0x100, arr(U8, BLOCKS << BLOCK_SHIFT)),
    lastBlock: at(0x1100, U32),
  },
);
/** The owner of each port a second time: two loads take fewer instructions in each exit than a search of the ranges. */
const portOwners = instance(PortOwners, { align: 8 });

/** Size of a map with a bit for each port. */
const MAP_BYTES = 0x2000;

/** Gives `port` to `owner`: accesses of which a byte reaches it are intercepted once the guest runs. */
export function ownPort(port: u16, owner: Owner): void {
  ownRange(ports, u64(port), u64(port), owner);
  if (blockOf(port) === 0) addBlock(port);
  portOwners.owners.set(placeOf(port), u8(owner));
}

/** Gives the ports with the high byte of `port` a block. */
function addBlock(port: u16): void {
  const last = portOwners.lastBlock;
  if (last >= BLOCKS - 1) fail('the ports to be intercepted are further apart than this version has room for');
  portOwners.lastBlock = last + 1;
  portOwners.blocks.set(port >>> BLOCK_SHIFT, u8(last + 1));
}

function blockOf(port: u16): u32 {
  const block: u32 = portOwners.blocks.get(port >>> BLOCK_SHIFT) & (BLOCKS - 1);
  ensures(block < BLOCKS);
  return block;
}

function placeOf(port: u16): u32 {
  const place: u32 = (blockOf(port) << BLOCK_SHIFT) + (port & LOW_BYTE);
  ensures(place < BLOCKS << BLOCK_SHIFT);
  return place;
}

/** The owner of `port`. */
export function ownerOfPort(port: u16): u32 {
  const owner = min32(portOwners.owners.get(placeOf(port)), OWNERS - 1);
  ensures(owner < OWNERS);
  return owner;
}

/**
 * Sets the bits of the owned ports in the zeroed map at `map`. Both vendors have one bit for each port, the lowest
 * first.
 */
export function markOwnedPorts(map: Hpa): void {
  const count = min32(ports.count, MOST_RANGES);
  for (let i: u32 = 0; i < count; i++) {
    const range = ports.at.at(i);
    markPorts(map, u32(range.first), u32(range.last));
  }
}

function markPorts(map: Hpa, first: u32, last: u32): void {
  const bytes = window(map, MAP_BYTES);
  for (let port: u32 = first; port <= last && port < PORTS; port++) {
    const place = port >>> 3;
    bytes.setU8(place, u8(bytes.u8(place) | (1 << (port & 7))));
  }
}
