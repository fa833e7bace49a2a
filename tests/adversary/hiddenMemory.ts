/** The hypervisor's memory as it is in the machine's RAM, read from outside of the machine: a file that is QEMU's RAM. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NestedPaging } from '../../kernel/space/nestedPaging.js';
import { IO_MAP_BYTES, MSR_MAP_BYTES } from '../../kernel/svm/control/permissionMaps.js';
import { ENTRY_ACCESSED, ENTRY_ADDRESS, ENTRY_DIRTY, ENTRY_LARGE, ENTRY_PRESENT } from '../../kernel/x86/pageEntry.js';
import { LARGE_PAGE_BYTES, PAGE_BYTES } from '../../kernel/x86/pages.js';
import { readSections } from '../../linker/toolchain/elf.js';
import { IMAGE_BASE } from '../../linker/toolchain/symbols.js';
import { runTool } from '../../linker/toolchain/tools.js';
import { imageFolder } from '../support/machines/harness.js';

/** Contents by the names of parts. */
export type Parts = ReadonlyMap<string, Buffer>;

/**
 * QEMU's options with which the machine's RAM, of `size`, is the file `path`, and the program ends QEMU by a port: a triple fault
 * would have the hypervisor empty the top page table.
 */
export function ramInFile(path: string, size: string): string[] {
  const ram = `memory-backend-file,id=ram,size=${size},mem-path=${path},share=on`;
  return ['-object', ram, '-machine', 'memory-backend=ram', '-device', 'isa-debug-exit,iobase=0xf4'];
}

const PAGING = 'space_nestedPaging_paging';
const MAPS = 'svm_control_permissionMaps_maps';
const TOP_LEVEL = 4;
const PAGE = Number(PAGE_BYTES);
const ENTRY_BYTES = 8;

/**
 * Reads the parts that never change once the guest runs: code, constants, the permission maps, and the nested page tables. The RAM
 * is in the file `ram`, and hidden memory, where the image is first, at `hidden`.
 */
export async function unchangingParts(ram: string, hidden: bigint): Promise<Parts> {
  const elf = join(imageFolder(), 'tsvm.debug');
  const symbols = await runTool('objdump', ['-t', elf]);
  const file = await open(ram, 'r');
  const read = async (address: bigint, bytes: number): Promise<Buffer> => {
    const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, Number(address));
    return buffer;
  };
  const placeOf = (symbol: string): bigint => {
    const [, address] = new RegExp(`^(\\w+) .* ${symbol}$`, 'm').exec(symbols) ?? [];
    if (address === undefined) throw new Error(`${elf} has no symbol ${symbol}`);
    return hidden + BigInt(`0x${address}`) - IMAGE_BASE;
  };
  const pointer = async (address: bigint): Promise<bigint> => (await read(address, ENTRY_BYTES)).readBigUInt64LE();
  const parts = new Map<string, Buffer>();
  try {
    for (const { name, address, bytes, loaded, writable } of readSections(await readFile(elf))) {
      if (loaded && !writable) parts.set(name, await read(hidden + address - IMAGE_BASE, bytes));
    }
    const maps = placeOf(MAPS);
    parts.set('MSR map', await read(await pointer(maps), Number(MSR_MAP_BYTES)));
    parts.set('I/O map', await read(await pointer(maps + 8n), Number(IO_MAP_BYTES)));
    const paging = placeOf(PAGING);
    const field = (name: 'root' | 'hiddenBytes' | 'hiddenTables' | 'decoy') =>
      pointer(paging + BigInt(NestedPaging.fields[name].offset));
    const tables = { first: await field('hiddenTables'), count: (await field('hiddenBytes')) / LARGE_PAGE_BYTES };
    await addTables(parts, read, await field('root'), TOP_LEVEL, tables, await field('decoy'));
  } finally {
    await file.close();
  }
  return parts;
}

/**
 * Adds the table at `address` and those below it, without the flags that the processor sets. In the tables of hidden memory an entry
 * of the decoy counts as none, since it comes with the guest's first access.
 */
async function addTables(
  parts: Map<string, Buffer>,
  read: (address: bigint, bytes: number) => Promise<Buffer>,
  address: bigint,
  level: number,
  ofHidden: { readonly first: bigint; readonly count: bigint },
  decoy: bigint,
): Promise<void> {
  const table = await read(address, PAGE);
  const isOfHidden = address >= ofHidden.first && address < ofHidden.first + ofHidden.count * PAGE_BYTES;
  for (let offset = 0; offset < PAGE; offset += ENTRY_BYTES) {
    const entry = table.readBigUInt64LE(offset) & ~(ENTRY_ACCESSED | ENTRY_DIRTY);
    const target = entry & ENTRY_ADDRESS;
    table.writeBigUInt64LE(isOfHidden && target === decoy ? 0n : entry, offset);
    if (level === 1 || (entry & ENTRY_PRESENT) === 0n || (entry & ENTRY_LARGE) !== 0n) continue;
    await addTables(parts, read, target, level - 1, ofHidden, decoy);
  }
  parts.set(`page table of level ${level} at 0x${address.toString(16)}`, table);
}

/** The names of the parts that differ, or that only one of both has. */
export function changedParts(before: Parts, after: Parts): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !before.get(name)?.equals(after.get(name) ?? Buffer.alloc(0)));
}
