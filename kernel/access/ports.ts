/**
 * Who owns an I/O port: most are the guest's. The permission maps and the dispatch of accesses are both made of this list,
 * which is complete before the first processor runs its guest.
 */
import {
  arr,
  at,
  instance,
  struct,
  U16,
  U32,
  u8,
  window,
  type Hpa,
  type u16,
  type u32,
} from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';

export const PortOwner = {
  guest: 0,
  /** The byte of a sleep register with SLP_TYP and SLP_EN: of PM1a control and the sleep control register, of PM1b control. */
  sleepA: 1,
  sleepB: 2,
} as const;
export type PortOwner = (typeof PortOwner)[keyof typeof PortOwner];
export const PORT_OWNERS = 3;

/** The FADT names five registers of sleep at most. */
const MOST_PORTS = 8;
/** A bit for each of 10000h ports. */
const MAP_BYTES = 0x2000;

const OwnedPorts = struct(
  'OwnedPorts',
  { size: 40 },
  { count: at(0, U32), ports: at(4, arr(U16, MOST_PORTS)), owners: at(20, arr(U16, MOST_PORTS)) },
);
const owned = instance(OwnedPorts);

/** From now on `port` is that owner's. The first owner of a port keeps it. */
export function ownPort(port: u16, owner: PortOwner): void {
  const count = owned.count;
  if (ownerOf(port) !== PortOwner.guest) return;
  if (count >= MOST_PORTS) fail('more ports are to be intercepted than this version has room for');
  owned.ports.set(count, port);
  owned.owners.set(count, owner);
  owned.count = count + 1;
}

/** The number of the owner of `port`. */
export function ownerOf(port: u16): u16 {
  const count = owned.count;
  for (let i: u32 = 0; i < count && i < MOST_PORTS; i++) {
    if (owned.ports.get(i) === port) return owned.owners.get(i);
  }
  return PortOwner.guest;
}

/** Sets the bits of these ports in the zeroed map at `map`: with both vendors a bit for each port, the lowest first. */
export function markOwnedPorts(map: Hpa): void {
  const bytes = window(map, MAP_BYTES);
  const count = owned.count;
  for (let i: u32 = 0; i < count && i < MOST_PORTS; i++) {
    const port = owned.ports.get(i);
    const place = port >> 3;
    bytes.setU8(place, u8(bytes.u8(place) | (1 << (port & 7))));
  }
}
