import {
  addressOf,
  arr,
  at,
  exchange32,
  hpa,
  instance,
  physical,
  struct,
  U32,
  u64,
  type Hpa,
  type Ref,
  type u32,
} from '../../../../transpiler/lib/index.js';

const Lock = struct('AddressedLock', { size: 4 }, { taken: at(0, U32) });
type Lock = Ref<typeof Lock>;
const Pair = struct('AddressedPair', { size: 12 }, { first: at(0, U32), second: at(4, U32), lock: at(8, Lock) });
type Pair = Ref<typeof Pair>;
const Numbered = arr(U32, 2);
const own = instance(Pair);

/** The memory of a reference is its pointer. */
export function nth(pair: Pair, index: u32): u32 {
  return physical(Numbered, addressOf(pair)).get(index & 1);
}

export function takeBoth(pair: Pair): boolean {
  return exchange32(addressOf(pair.lock), 1) === 0 && exchange32(addressOf(own.lock), 1) === 0;
}

/** Another address is turned into one. */
export function behind(pair: Pair): u32 {
  return physical(Pair, hpa(addressOf(pair) + 12n)).first;
}

export function where(pair: Pair): Hpa {
  return hpa(u64(addressOf(pair)));
}
