/**
 * The owners of I/O ports; most belong to the guest. The permission maps and the dispatch of accesses are both built
 * from this list, which is complete before the first processor runs its guest.
 */
import { ensures, instance, min32, u32, u64, u8, window, type Hpa, type u16 } from '../../transpiler/lib/index.js';
import type { Owner } from './owner.js';
import { OWNERS } from './owner.js';
import { MOST_RANGES, OwnedRanges, ownerIn, ownRange } from './ranges.js';

const ports = instance(OwnedRanges, { align: 8 });

const PORTS = 0x1_0000;
/** Size of a map with a bit for each port. */
const MAP_BYTES = 0x2000;

/** Gives `port` to `owner`: accesses of which a byte reaches it are intercepted once the guest runs. */
export function ownPort(port: u16, owner: Owner): void {
  ownRange(ports, u64(port), u64(port), owner);
}

/** The owner of `port`. */
export function ownerOfPort(port: u16): u32 {
  const owner = ownerIn(ports, u64(port));
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
