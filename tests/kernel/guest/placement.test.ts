import t from 'tap';
import { addMemoryRange, bootInfo } from '../../../kernel/handover/bootInfo.js';
import { keepEfiMap } from '../../../kernel/machine/efiMemoryMap.js';
import { linuxImage } from '../../../kernel/guest/linux/linuxImage.js';
import { BOOT_BLOCK_BYTES, choosePlaces, places } from '../../../kernel/guest/linux/placement.js';
import { readMemoryMap } from '../../../kernel/machine/memoryMap.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { efiMap, type EfiRange } from '../support/bootLoaders.js';
import { powerOn, stopOf } from '../support/startup.js';

const MIB = 0x10_0000n;
const KERNEL_BYTES = 2n * MIB;
const MAP = 0x8000_0000n;

/** A machine with low memory and a place for the kernel, which fills the rest, and a map of EFI of so many descriptors. */
function choose(count: number, more: readonly EfiRange[] = []): string | null {
  powerOn(0x1000);
  const reserved = Array.from({ length: count }, (_, i) => ({ type: 0, start: MAP + BigInt(i) * 0x1000n, pages: 1n }));
  const map = efiMap([...reserved, ...more]);
  addMemory(MAP, map);
  addMemoryRange(0n, 0x9_fc00n, 1);
  addMemoryRange(MIB, MIB + KERNEL_BYTES, 1);
  keepEfiMap(MAP, map.length, 48, 1);
  bootInfo.efi.systemTable = 0x1000n;
  readMemoryMap();
  linuxImage.preferred = MIB;
  linuxImage.workingBytes = KERNEL_BYTES;
  return stopOf(choosePlaces);
}

t.test('EFI’s map is not put over the block in low memory, even if no other place has room', (t) => {
  t.equal(choose(700), null);
  t.ok(places.efiMap < MIB);
  const end = places.efiMap + BigInt(places.efiMapBytes);
  t.ok(end <= places.bootBlock || places.efiMap >= places.bootBlock + BOOT_BLOCK_BYTES, 'apart');
  t.end();
});

t.test('a kernel is not put over EFI’s runtime services', (t) => {
  t.match(choose(1, [{ type: 6, start: 2n * MIB, pages: 1n }]), /too little memory: it needs 2097152 free bytes/);
  t.end();
});
