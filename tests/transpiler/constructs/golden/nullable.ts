import { addressOf, at, instance, struct, U32, type Hpa, type Ref, type u32 } from '../../../../transpiler/lib/index.js';

const Item = struct('Item', { size: 4 }, { value: at(0, U32) });
type Item = Ref<typeof Item>;
const item = instance(Item);

function choose(index: u32): Item | null {
  return index === 0 ? item : null;
}

export function valueOf(index: u32): u32 {
  const found = choose(index);
  return found !== null ? found.value : 0;
}

export function place(index: u32): Hpa {
  let found: Item | null = null;
  found = choose(index);
  if (found === null) return 0n;
  return addressOf(found);
}
