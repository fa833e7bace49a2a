import fc from 'fast-check';
import t from 'tap';
import { readMultiboot } from '../../../kernel/boot/loaders/multiboot.js';
import { loadGuest } from '../../../kernel/guest/guest.js';
import { places } from '../../../kernel/guest/linux/placement.js';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { readMemoryMap } from '../../../kernel/machine/memoryMap.js';
import { ProcessorState } from '../../../kernel/vcpu/state.js';
import { Registers } from '../../../kernel/vcpu/vcpu.js';
import { local, u64 } from '../../../transpiler/lib/index.js';
import { localApic, putMadt, putRsdp, putRsdt } from '../support/acpiTables.js';
import { bzImage, noise, setupBytes, type BzImage } from '../support/bzImage.js';
import { putMultibootInfo, type BootRange } from '../support/multibootInfo.js';
import { powerOn, stopOf, viewOf } from '../support/startup.js';

const MIB = 0x10_0000;
const MEMORY = 8 * MIB;
const INFO = 0x500;
const RSDP = 0xf_5000;

interface Given {
  readonly kernel?: Uint8Array;
  readonly kernelAt?: number;
  readonly initrd?: Uint8Array;
  readonly initrdAt?: number;
  readonly text?: string;
  readonly ranges?: readonly BootRange[];
  /** What the BIOS left in its data area from 0x449 on, and from 0x484 on. */
  readonly screen?: readonly [readonly number[], readonly number[]];
}

const bareMap: readonly BootRange[] = [
  { start: 0n, bytes: 0x9_fc00n, kind: 1 },
  { start: 0x9_fc00n, bytes: 0x400n, kind: 2 },
  { start: 0xf_0000n, bytes: 0x1_0000n, kind: 2 },
  { start: 0x10_0000n, bytes: BigInt(MEMORY - MIB), kind: 1 },
];

let memory: Uint8Array = new Uint8Array();
let start: ProcessorState;
let registers: Registers;

/** Starts as the kernel does, up to the guest; returns why it stopped, or null. */
function load(given: Given = {}): string | null {
  const { kernel = bzImage(), kernelAt = 2 * MIB, initrd, initrdAt = 3 * MIB, text = 'vmlinuz console=ttyS0' } = given;
  memory = powerOn(MEMORY);
  start = local(ProcessorState);
  registers = local(Registers);
  if (given.screen) [0x449, 0x484].forEach((address, index) => memory.set(given.screen?.[index] ?? [], address));
  putMadt(memory, 0xe_1000, localApic(0, 1));
  putRsdt(memory, 0xe_0000, 0xe_1000);
  putRsdp(memory, RSDP, 0xe_0000);
  memory.set(kernel, kernelAt);
  if (initrd) memory.set(initrd, initrdAt);
  const modules = [{ start: kernelAt, end: kernelAt + kernel.length, text }];
  if (initrd) modules.push({ start: initrdAt, end: initrdAt + initrd.length, text: 'initrd' });
  putMultibootInfo(memory, INFO, { ranges: given.ranges ?? bareMap, modules });
  return stopOf(() => {
    readMultiboot(BigInt(INFO));
    readAcpi();
    readMemoryMap();
    loadGuest(start, registers);
  });
}

const zeroPage = (): DataView => viewOf(memory.subarray(Number(registers.rsi), Number(registers.rsi) + 4096));
const bytesAt = (address: bigint, length: number): Uint8Array =>
  memory.subarray(Number(address), Number(address) + length);
const protectedPart = (kernel: Uint8Array, given: BzImage = {}): Uint8Array => kernel.subarray(setupBytes(given));
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

t.test('the kernel runs at its preferred address', (t) => {
  const kernel = bzImage({ preferred: 0x40_0000n });
  t.equal(load({ kernel }), null);
  t.equal(start.rip, 0x40_0200n);
  t.ok(same(bytesAt(0x40_0000n, 1024), protectedPart(kernel)));
  t.end();
});

t.test('a relocatable kernel goes elsewhere if its preferred address is not free', (t) => {
  const kernel = bzImage({ preferred: 0x7f_f000n, workingBytes: 0x2000, relocatable: true });
  const message = "tsvm: the guest's kernel: too little memory: it needs 8192 free bytes between ";
  t.equal(load({ kernel }), `${message}0x7ff000 and 0x100000000`, 'never below it');
  const lower = bzImage({ preferred: 0x10_0000n, workingBytes: 0x2000, alignment: 0x20_0000 });
  const ranges = [...bareMap, { start: 0x10_1000n, bytes: 0x1000n, kind: 2 }];
  t.equal(load({ kernel: lower, ranges }), null);
  t.equal(start.rip, 0x60_0200n);
  const fixed = bzImage({ preferred: 0x10_0000n, workingBytes: 0x2000, relocatable: false });
  t.equal(load({ kernel: fixed, ranges }), `${message}0x100000 and 0x100000000`);
  t.end();
});

t.test('the initrd goes to the top of memory', (t) => {
  const initrd = noise(5000, 7);
  t.equal(load({ initrd }), null);
  t.equal(zeroPage().getUint32(0x218, true), MEMORY - 8192);
  t.equal(zeroPage().getUint32(0x21c, true), 5000);
  t.ok(same(bytesAt(BigInt(MEMORY - 8192), 5000), initrd));
  t.end();
});

t.test('the initrd stays below the highest address that this Linux accepts', (t) => {
  t.equal(load({ kernel: bzImage({ initrdHighest: 0x5f_ffff }), initrd: noise(5000, 7) }), null);
  t.equal(places.initrd, 0x5f_e000n);
  t.end();
});

t.test('an initrd that does not fit beside the kernel is named', (t) => {
  const kernel = bzImage({ workingBytes: 4 * MIB });
  t.equal(
    load({ kernel, kernelAt: 5 * MIB, initrd: noise(2 * MIB, 1), initrdAt: 6 * MIB - 4096 }),
    "tsvm: the guest's initrd: too little memory: it needs 2097152 free bytes between 0x0 and 0x80000000",
  );
  t.end();
});

t.test('the zero page holds the setup header, the loader, the command line and the RSDP', (t) => {
  const kernel = bzImage();
  t.equal(load({ kernel, text: '/boot/vmlinuz console=ttyS0  quiet' }), null);
  const page = new Uint8Array(zeroPage().buffer, zeroPage().byteOffset, 4096);
  t.ok(same(page.subarray(0x22c, 0x268), kernel.subarray(0x22c, 0x268)));
  t.ok(
    page.subarray(0x268, 0x2d0).every((byte) => byte === 0),
    'nothing after the header',
  );
  t.equal(zeroPage().getUint8(0x210), 0xff);
  t.equal(zeroPage().getBigUint64(0x070, true), BigInt(RSDP));
  const text = Buffer.from(bytesAt(BigInt(zeroPage().getUint32(0x228, true)), 40));
  t.equal(text.toString('latin1').split('\0')[0], 'console=ttyS0  quiet');
  t.end();
});

t.test('the guest sees the memory map of the machine', (t) => {
  t.equal(load(), null);
  t.equal(zeroPage().getUint8(0x1e8), 4);
  bareMap.forEach(({ start: from, bytes, kind }, index) => {
    const entry = 0x2d0 + index * 20;
    t.equal(zeroPage().getBigUint64(entry, true), from);
    t.equal(zeroPage().getBigUint64(entry + 8, true), bytes);
    t.equal(zeroPage().getUint32(entry + 16, true), kind);
  });
  t.end();
});

t.test('the page tables map 4 GiB to themselves', (t) => {
  t.equal(load(), null);
  const entry = (table: bigint, index: bigint): bigint => viewOf(memory).getBigUint64(Number(table + index * 8n), true);
  const address = (value: bigint): bigint => value & 0x000f_ffff_ffff_f000n;
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 32n - 1n), (linear) => {
      const pointers = entry(start.cr3, linear >> 39n);
      const directory = entry(address(pointers), (linear >> 30n) & 511n);
      const page = entry(address(directory), (linear >> 21n) & 511n);
      t.same([pointers & 0xfffn, directory & 0xfffn, page & 0xfffn], [0x03n, 0x03n, 0x83n]);
      t.equal(address(page) + (linear & 0x1f_ffffn), linear);
    }),
  );
  t.equal(entry(start.cr3, 1n), 0n);
  t.end();
});

t.test('the descriptors are flat: 64-bit code at 0x10, data at 0x18', (t) => {
  t.equal(load(), null);
  const descriptor = (selector: number): bigint => viewOf(memory).getBigUint64(Number(start.gdt.base) + selector, true);
  t.equal(descriptor(0), 0n);
  t.equal(descriptor(0x10), 0x00af_9b00_0000_ffffn);
  t.equal(descriptor(0x18), 0x00cf_9300_0000_ffffn);
  t.equal(start.gdt.limit, 31);
  t.end();
});

t.test('a text screen is described as the BIOS left it', (t) => {
  const cursor = [5, 24];
  const mode3 = [3, 80, 0, 0, 0, 0, 0, ...cursor];
  t.equal(load({ screen: [mode3, [24, 16, 0]] }), null);
  const screen = new Uint8Array(zeroPage().buffer, zeroPage().byteOffset, 0x12);
  t.same([...screen], [5, 24, 0, 0, 0, 0, 3, 80, 0, 0, 3, 0, 0, 0, 25, 1, 16, 0]);
  t.end();
});

t.test('no screen is described where there is none, or in a graphics mode', (t) => {
  const screens = [
    [[0, 0], [0]],
    [
      [0x12, 80, 0],
      [29, 16],
    ],
    [
      [3, 0, 0],
      [24, 16],
    ],
    [
      [3, 80, 0],
      [255, 16],
    ],
  ] as const;
  for (const screen of screens) {
    t.equal(load({ screen }), null);
    t.equal(zeroPage().getUint8(0x0f), 0);
  }
  t.end();
});

t.test('a module that is not a bzImage is reported', (t) => {
  const changed = (change: (view: DataView) => void): Uint8Array => {
    const kernel = bzImage();
    change(viewOf(kernel));
    return kernel;
  };
  const refusals: readonly (readonly [string, Uint8Array])[] = [
    ['not a Linux bzImage: too short', noise(500, 1)],
    ['not a Linux bzImage', noise(5000, 1)],
    ['truncated: its header says that it is longer', bzImage().subarray(0, bzImage().length - 16)],
    ['its boot protocol is older than 2.10', changed((view) => view.setUint16(0x206, 0x209, true))],
    ['not a Linux bzImage: it loads below 1 MiB', changed((view) => view.setUint8(0x211, 0))],
    ['not a Linux bzImage: bad alignment', bzImage({ alignment: 0x3000 })],
    ['not a Linux bzImage: it is larger than the memory it asks for', bzImage({ workingBytes: 1023 })],
    [
      'too little memory: it needs 8388608 free bytes between 0x100000 and 0x100000000',
      bzImage({ workingBytes: MEMORY }),
    ],
  ];
  for (const [reason, kernel] of refusals) t.equal(load({ kernel }), `tsvm: the guest's kernel: ${reason}`);
  t.end();
});

t.test('a file that ends in the middle of its last paragraph is whole', (t) => {
  const kernel = bzImage().subarray(0, bzImage().length - 15);
  t.equal(load({ kernel }), null);
  t.ok(same(bytesAt(places.kernel, 1009), protectedPart(kernel)));
  t.end();
});

t.test('a kernel without a 64-bit entry starts in protected mode at its first byte', (t) => {
  const changes: readonly ((view: DataView) => void)[] = [
    (view) => view.setUint16(0x236, 0x3e, true),
    (view) => view.setUint16(0x206, 0x20b, true),
  ];
  for (const change of changes) {
    const kernel = bzImage();
    change(viewOf(kernel));
    t.equal(load({ kernel }), null);
    t.equal(u64(start.rip), u64(places.kernel));
    t.same([start.cr0 & 0x8000_0001n, start.efer], [1n, 0n]);
    t.same([start.cs.selector, start.cs.rights, start.ds.selector], [0x10, 0xc09b, 0x18]);
    t.equal(viewOf(memory).getBigUint64(Number(start.gdt.base) + 0x10, true), 0x00cf_9b00_0000_ffffn);
    t.equal(zeroPage().getUint32(0x214, true), Number(places.kernel));
  }
  t.end();
});

t.test('too long a command line is refused', (t) => {
  const kernel = bzImage({ commandLineMost: 5 });
  const message = "tsvm: the guest's command line is longer than this Linux takes";
  t.equal(load({ kernel, text: 'vmlinuz quiets' }), message);
  t.equal(load({ kernel, text: 'vmlinuz quiet' }), null);
  t.end();
});

t.test('modules at any addresses are copied completely, or refused with one line', (t) => {
  const place = fc.integer({ min: MIB / 256, max: MEMORY / 256 - 0x800 }).map((units) => units * 256);
  const lengths = fc.record({
    paragraphs: fc.integer({ min: 1, max: 0x4000 }),
    initrd: fc.integer({ min: 1, max: 0x60000 }),
  });
  const needs = fc.record({ preferred: place, extra: fc.nat(0x100000), relocatable: fc.boolean() });
  const hidden = fc.tuple(place, fc.integer({ min: 1, max: 64 }));
  let arrived = 0;
  fc.assert(
    fc.property(place, place, lengths, needs, hidden, (kernelAt, initrdAt, length, need, [hiddenAt, hiddenPages]) => {
      const image: BzImage = {
        paragraphs: length.paragraphs,
        preferred: BigInt(need.preferred),
        workingBytes: length.paragraphs * 16 + need.extra,
        relocatable: need.relocatable,
      };
      const kernel = bzImage(image);
      const initrd = noise(length.initrd, 3);
      fc.pre(kernelAt + kernel.length <= initrdAt || initrdAt + initrd.length <= kernelAt);
      fc.pre(Math.max(kernelAt + kernel.length, initrdAt + initrd.length) <= MEMORY);
      const ranges = [...bareMap, { start: BigInt(hiddenAt), bytes: BigInt(hiddenPages * 4096), kind: 2 }];
      const stopped = load({ kernel, kernelAt, initrd, initrdAt, ranges });
      if (stopped !== null) {
        t.match(stopped, /^tsvm: [ -~]+$/);
        return;
      }
      arrived++;
      t.ok(same(bytesAt(start.rip - 0x200n, length.paragraphs * 16), protectedPart(kernel, image)));
      t.ok(same(bytesAt(BigInt(zeroPage().getUint32(0x218, true)), length.initrd), initrd));
      t.ok(same(new Uint8Array(zeroPage().buffer, zeroPage().byteOffset + 0x22c, 0x3c), kernel.subarray(0x22c, 0x268)));
    }),
    { numRuns: 300 },
  );
  t.ok(arrived > 50, `${arrived} arrived`);
  t.end();
});

t.test('any bytes as a kernel are started, or refused with one line', (t) => {
  const change = fc.tuple(fc.integer({ min: 0x1f1, max: 0x268 }), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), fc.integer({ min: 0, max: 4000 }), (changes, length) => {
      const kernel = bzImage();
      for (const [offset, value] of changes) kernel[offset] = value;
      const stopped = load({ kernel: kernel.subarray(0, Math.max(length, 1)), initrd: noise(100, 2) });
      t.ok(stopped === null || /^tsvm: the guest's kernel: [ -~]+$/.test(stopped), stopped ?? 'started');
    }),
    { numRuns: 500 },
  );
  t.end();
});
