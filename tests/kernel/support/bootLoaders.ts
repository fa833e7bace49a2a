/** What boot loaders of Linux and of Multiboot2 put into memory, and bundles. */
import { type DigestKind, digestOf } from '../../../linker/formats/bundle.js';
import { type ArchiveEntry, cpioArchive } from '../../../linker/formats/cpio.js';
import type { BootModule, BootRange } from './multibootInfo.js';
import { putText, viewOf } from './startup.js';

/** Files of a bundle by name; `digests` stands for guest/digests, which otherwise holds the right ones. */
export function bundle(files: Readonly<Record<string, Uint8Array | string>>, digests?: string): Buffer {
  const contents = Object.entries(files).map(([path, content]) => [path, Buffer.from(content)] as const);
  const list = digests ?? contents.map(([path, content]) => digestLine(path, content)).join('');
  const entries = [...contents, ['guest/digests', Buffer.from(list)] as const].map(
    ([path, content]): ArchiveEntry => ({ kind: 'file', path, mode: 0o644, content }),
  );
  return cpioArchive([{ kind: 'folder', path: 'guest' }, ...entries]);
}

/** As sha256sum writes it. */
export function digestLine(path: string, content: Uint8Array, kind: DigestKind = 'crc32c'): string {
  return `${digestOf(content, kind)}  ${path}\n`;
}

export interface LinuxLoader {
  readonly ranges?: readonly BootRange[];
  /** More ranges, as SETUP_E820_EXT. */
  readonly extended?: readonly BootRange[];
  readonly commandLine?: string;
  readonly initrd?: { readonly start: number; readonly bytes: number };
  readonly rsdp?: bigint;
  readonly efi?: { readonly systemTable: bigint; readonly map: Uint8Array; readonly descriptorBytes: number };
}

/** Writes a zero page at `address`, and what it points to in the 64 KiB after it. */
export function putZeroPage(memory: Uint8Array, address: number, given: LinuxLoader): void {
  const { ranges = [], extended = [], commandLine = '', initrd = { start: 0, bytes: 0 }, rsdp = 0n, efi } = given;
  const view = viewOf(memory);
  const text = address + 0x1000;
  const extension = address + 0x4000;
  view.setUint32(address + 0x202, 0x5372_6448, true);
  view.setBigUint64(address + 0x70, rsdp, true);
  view.setUint8(address + 0x1e8, ranges.length);
  ranges.forEach((range, index) => putRange(view, address + 0x2d0 + index * 20, range));
  view.setUint32(address + 0x218, initrd.start, true);
  view.setUint32(address + 0x21c, initrd.bytes, true);
  view.setUint32(address + 0x228, text, true);
  putText(memory, text, commandLine);
  if (extended.length > 0) {
    view.setBigUint64(address + 0x250, BigInt(extension), true);
    view.setUint32(extension + 8, 1, true);
    view.setUint32(extension + 12, extended.length * 20, true);
    extended.forEach((range, index) => putRange(view, extension + 16 + index * 20, range));
  }
  if (!efi) return;
  const map = address + 0x8000;
  memory.set(efi.map, map);
  view.setUint32(address + 0x1c0, 0x3436_4c45, true);
  view.setUint32(address + 0x1c4, Number(efi.systemTable & 0xffff_ffffn), true);
  view.setUint32(address + 0x1d8, Number(efi.systemTable >> 32n), true);
  view.setUint32(address + 0x1c8, efi.descriptorBytes, true);
  view.setUint32(address + 0x1cc, 1, true);
  view.setUint32(address + 0x1d0, map, true);
  view.setUint32(address + 0x1d4, efi.map.length, true);
}

function putRange(view: DataView, address: number, { start, bytes, kind }: BootRange): void {
  view.setBigUint64(address, start, true);
  view.setBigUint64(address + 8, bytes, true);
  view.setUint32(address + 16, kind, true);
}

export interface EfiRange {
  readonly type: number;
  readonly start: bigint;
  readonly pages: bigint;
  readonly attributes?: bigint;
}

/** A memory map as EFI gives it; all can be cached unless a range says otherwise. */
export function efiMap(ranges: readonly EfiRange[], descriptorBytes = 48): Uint8Array {
  const map = new Uint8Array(ranges.length * descriptorBytes);
  const view = viewOf(map);
  ranges.forEach(({ type, start, pages, attributes = 0xfn }, index) => {
    const at = index * descriptorBytes;
    view.setUint32(at, type, true);
    view.setBigUint64(at + 8, start, true);
    view.setBigUint64(at + 24, pages, true);
    view.setBigUint64(at + 32, attributes, true);
  });
  return map;
}

/** A tag's type and what follows its header. */
export type MultibootTag = readonly [number, Uint8Array];

/** The information of a Multiboot2 loader: the tags, each at a multiple of 8 bytes, and the end. */
export function multiboot2Info(tags: readonly MultibootTag[]): Buffer {
  const written = [...tags, [0, new Uint8Array()] as const].map(([type, content]) => {
    const header = Buffer.from(new Uint32Array([type, content.length + 8]).buffer);
    return Buffer.concat([header, content, Buffer.alloc(-content.length & 7)]);
  });
  const all = Buffer.concat(written);
  return Buffer.concat([Buffer.from(new Uint32Array([all.length + 8, 0]).buffer), all]);
}

export const multiboot2 = {
  text: (type: number, text: string): MultibootTag => [type, Buffer.from(`${text}\0`)],
  module: ({ start, end, text }: BootModule): MultibootTag => [
    3,
    Buffer.concat([Buffer.from(new Uint32Array([start, end]).buffer), Buffer.from(`${text}\0`)]),
  ],
  memoryMap(ranges: readonly BootRange[]): MultibootTag {
    const content = new Uint8Array(8 + ranges.length * 24);
    const view = viewOf(content);
    view.setUint32(0, 24, true);
    ranges.forEach((range, index) => putRange(view, 8 + index * 24, range));
    return [6, content];
  },
  efiMap(map: Uint8Array, descriptorBytes = 48): MultibootTag {
    return [17, Buffer.concat([Buffer.from(new Uint32Array([descriptorBytes, 1]).buffer), map])];
  },
  systemTable: (address: bigint): MultibootTag => [12, Buffer.from(new BigUint64Array([address]).buffer)],
};
