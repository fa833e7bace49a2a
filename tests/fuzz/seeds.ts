/** The fuzzer's seeds: inputs like those from boot loaders and firmware, and the guest's own kernel. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../linker/paths.js';
import { localApic, localX2apic, putMadt, putRsdp, putRsdt, putTable } from '../kernel/support/acpiTables.js';
import { bundle, efiMap, multiboot2, multiboot2Info, putZeroPage } from '../kernel/support/bootLoaders.js';
import { bzImage } from '../kernel/support/bzImage.js';
import { putMultibootInfo } from '../kernel/support/multibootInfo.js';

const INFO = 0x9000;
const MIB = 0x10_0000;
const ranges = [
  { start: 0n, bytes: 0x9_fc00n, kind: 1 },
  { start: 0xf_0000n, bytes: 0x1_0000n, kind: 2 },
  { start: 0x10_0000n, bytes: 0x3fe0_0000n, kind: 1 },
  { start: 0x1_0000_0000n, bytes: 0x1_0000_0000n, kind: 1 },
];
const modules = [
  { start: 4 * MIB, end: 5 * MIB, text: 'vmlinuz console=ttyS0' },
  { start: 6 * MIB, end: 7 * MIB, text: 'initrd' },
];
/** The beginning of OVMF's memory map, without repetitions. */
const firmwareMap = efiMap([
  { type: 3, start: 0n, pages: 1n },
  { type: 7, start: 0x1000n, pages: 0x9fn },
  { type: 7, start: 0x10_0000n, pages: 0x700n },
  { type: 10, start: 0x80_0000n, pages: 8n },
  { type: 4, start: 0x90_0000n, pages: 0xc00n },
  { type: 6, start: 0x3e6b_f000n, pages: 0x100n, attributes: 0x8000_0000_0000_000fn },
  { type: 11, start: 0xffc0_0000n, pages: 0x400n, attributes: 0x8000_0000_0000_0001n },
]);

function loaderMemory(write: (memory: Uint8Array) => void): Uint8Array {
  const memory = new Uint8Array(INFO + 0x1_0000);
  write(memory);
  const end = memory.findLastIndex((byte) => byte !== 0) + 1;
  return memory.subarray(INFO, end);
}

function zeroPage(efi: boolean): Uint8Array {
  const given = { ranges, extended: ranges.slice(3), commandLine: 'BOOT_IMAGE=/tsvm.bin crash=halt', rsdp: 0xf_0000n };
  const started = { systemTable: 0x3f9e_e018n, map: firmwareMap, descriptorBytes: 48 };
  return loaderMemory((memory) => putZeroPage(memory, INFO, efi ? { ...given, efi: started } : given));
}

/** ACPI tables, one each 256 bytes. The fuzzer's driver corrects their checksums. */
function acpiTables(): Uint8Array {
  const memory = new Uint8Array(0xe_1000);
  putMadt(
    memory,
    0xe_0200,
    localApic(0, 1),
    localApic(1, 1),
    localX2apic(300, 1),
    [1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
  );
  putTable(memory, 0xe_0300, 'FACP', new Uint8Array(240));
  putTable(memory, 0xe_0400, 'HPET', hpetBody());
  putRsdt(memory, 0xe_0100, 0xe_0200, 0xe_0300, 0xe_0400);
  putRsdp(memory, 0xe_0000, 0xe_0100);
  return memory.subarray(0xe_0000);
}

/** The body of an HPET table: a timer with registers in memory. */
function hpetBody(): Uint8Array {
  const body = new Uint8Array(20);
  new DataView(body.buffer).setBigUint64(8, 0xfed0_0000n, true);
  return body;
}

/** EFI's system table with two configuration tables, of which the second is ACPI's root pointer. */
function systemTable(): Uint8Array {
  const table = new Uint8Array(0x130);
  const put = (offset: number, ...values: bigint[]) =>
    table.set(new Uint8Array(BigUint64Array.from(values).buffer), offset);
  put(0, 0x5453_5953_2049_4249n);
  put(104, 2n, BigInt(INFO + 0x100));
  put(0x100, 0x11d2_9562_5b1b_31a1n, 0x3b72_69c9_a000_3f8en, 0x1000n);
  put(0x118, 0x11d3_e4f1_8868_e871n, 0x8188_3cc7_8000_22bcn, 0xe_0000n);
  return table;
}

/** A device path in OVMF's form: PCI root, device, disk, partition, end. */
function devicePath(): Uint8Array {
  const nodes = [
    [2, 1, 12],
    [1, 1, 6],
    [3, 1, 8],
    [4, 1, 42],
    [0x7f, 0xff, 4],
  ] as const;
  return Buffer.concat(
    nodes.map(([kind, subKind, bytes]) =>
      Buffer.from([kind, subKind, bytes, 0].concat(Array<number>(bytes - 4).fill(1))),
    ),
  );
}

/** A Multiboot kernel: an ELF file with one segment, or with `addresses` in its Multiboot header. */
function multibootKernel(addresses: boolean): Uint8Array {
  const file = new Uint8Array(0x400);
  const words = (offset: number, ...values: number[]) =>
    file.set(new Uint8Array(Uint32Array.from(values).buffer), offset);
  const load = 0x20_0000;
  const flags = addresses ? 0x1_0003 : 3;
  words(0, 0x464c_457f, 0x0001_0101, 0, 0, 0x0003_0002, 1, load, 52, 0, 0, 0x0020_0034, 1);
  words(52, 1, 0, load, load, 0x400, 0x800, 7, 0x1000);
  words(0x60, 0x1bad_b002, flags, -(0x1bad_b002 + flags), load + 0x60, load, load + 0x400, load + 0x800, load);
  return file;
}

/** The headers of Debian's kernel, if the guest has been made. */
async function debianKernel(): Promise<Uint8Array[]> {
  const kernel = await readFile(join(root, 'build/guest/vmlinuz')).catch(() => null);
  return kernel === null ? [] : [kernel.subarray(0, 0x5000)];
}

/** The seeds of each parser. */
export async function fuzzSeeds(): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
  const tags = [
    multiboot2.text(1, 'crash=halt'),
    multiboot2.text(2, 'GRUB 2.06'),
    multiboot2.memoryMap(ranges),
    multiboot2.efiMap(firmwareMap),
    multiboot2.systemTable(0x3f9e_e018n),
    ...modules.map(multiboot2.module),
  ];
  const range = (start: bigint, end: bigint, kind: number) =>
    Buffer.concat([Buffer.from(new BigUint64Array([start, end]).buffer), Buffer.from(new Uint32Array([kind]).buffer)]);
  return new Map<string, readonly Uint8Array[]>([
    ['multiboot', [loaderMemory((memory) => putMultibootInfo(memory, INFO, { ranges, modules, commandLine: 'tsvm' }))]],
    ['multiboot2', [multiboot2Info(tags)]],
    ['zeroPage', [zeroPage(false), zeroPage(true)]],
    ['bundle', [bundle({ 'guest/kernel': 'kernel', 'guest/initrd': 'initrd', 'guest/cmdline': 'quiet\n' })]],
    ['acpi', [acpiTables()]],
    ['efiMap', [Buffer.concat([Buffer.from([48, 0]), firmwareMap])]],
    ['memoryMap', [Buffer.concat(ranges.map(({ start, bytes, kind }) => range(start, start + bytes, kind)))]],
    ['kernel', [bzImage({ preferred: 0x100_0000n }), ...(await debianKernel())]],
    ['multibootKernel', [multibootKernel(false), multibootKernel(true)]],
    ['options', [Buffer.from('crash=reset console=none apic=auto')]],
    ['systemTable', [systemTable()]],
    ['devicePath', [devicePath()]],
    ['loadOptions', [Buffer.from('tsvm.efi crash=halt\0', 'utf16le')]],
  ]);
}
