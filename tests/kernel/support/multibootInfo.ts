/** A Multiboot boot loader's side: the information structure in memory. */
import { putText, viewOf } from './startup.js';

export interface BootRange {
  readonly start: bigint;
  readonly bytes: bigint;
  readonly kind: number;
}
export interface BootModule {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
export interface BootLoader {
  readonly ranges?: readonly BootRange[];
  readonly modules?: readonly BootModule[];
  readonly commandLine?: string;
  readonly loader?: string;
}

/** The magic number in EAX. */
export const MAGIC = 0x2bad_b002;

/** Writes the structure and all it points to from `address` on, within 64 KiB. */
export function putMultibootInfo(memory: Uint8Array, address: number, given: BootLoader): void {
  const view = viewOf(memory);
  const { ranges = [], modules = [], commandLine = '', loader = 'test' } = given;
  const map = address + 0x100;
  const list = address + 0x4000;
  const texts = address + 0x5000;
  const flags = (1 << 2) | (1 << 3) | (1 << 6) | (1 << 9);
  const fields: readonly (readonly [number, number])[] = [
    [0, flags],
    [16, texts],
    [20, modules.length],
    [24, list],
    [44, ranges.length * 24],
    [48, map],
    [64, texts + 0x4000],
  ];
  for (const [offset, value] of fields) view.setUint32(address + offset, value, true);
  putText(memory, texts, commandLine);
  putText(memory, texts + 0x4000, loader);
  ranges.forEach((range, index) => putRange(view, map + index * 24, range));
  modules.forEach((module, index) => {
    const text = texts + 0x5000 + index * 0x1000;
    putText(memory, text, module.text);
    [module.start, module.end, text].forEach((value, field) =>
      view.setUint32(list + index * 16 + field * 4, value, true),
    );
  });
}

function putRange(view: DataView, address: number, { start, bytes, kind }: BootRange): void {
  view.setUint32(address, 20, true);
  view.setBigUint64(address + 4, start, true);
  view.setBigUint64(address + 12, bytes, true);
  view.setUint32(address + 20, kind, true);
}
