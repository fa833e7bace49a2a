import { at, bits, instance, struct, U16, U32, U64, type Ref, type u32, type u64 } from '../../../../transpiler/lib/index.js';

export const PageEntry = bits(U64, { present: [0, 0], writable: [1, 1], frame: [12, 51], noExecute: [63, 63] });
export type PageEntry = Ref<typeof PageEntry>;
const Small = bits(U16, { low: [0, 3], high: [4, 15] });
const Holder = struct('Holder', { size: 16 }, { entry: at(0, PageEntry), small: at(8, Small), plain: at(12, U32) });
const holder = instance(Holder);

export function map(entry: PageEntry, frame: u64): void {
  if (frame > 0xff_ffff_ffffn) return;
  entry.value = 0n;
  entry.frame = frame;
  entry.present = 1n;
  entry.noExecute = entry.writable;
}

export function split(): u32 {
  holder.small.low = 15;
  holder.small.high = 0xfff;
  map(holder.entry, 1n);
  return holder.small.low + holder.small.high;
}
