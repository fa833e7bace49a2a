import fc from 'fast-check';
import t from 'tap';
import { addMemoryRange, bootInfo, GuestPart, setText } from '../../../kernel/handover/bootInfo.js';
import { loadGuest } from '../../../kernel/guest/guest.js';
import { loadSegments } from '../../../kernel/guest/multiboot/loadSegments.js';
import { readMemoryMap } from '../../../kernel/machine/memoryMap.js';
import { ProcessorState } from '../../../kernel/vcpu/state.js';
import { Registers } from '../../../kernel/vcpu/vcpu.js';
import { local, window } from '../../../transpiler/lib/index.js';
import { noise } from '../support/bzImage.js';
import { powerOn, putText, stopOf, viewOf } from '../support/startup.js';

const MIB = 0x10_0000;
const MEMORY = 8 * MIB;
const MAGIC = 0x1bad_b002;
const TEXT = 0x600;

let memory: Uint8Array = new Uint8Array();
let state: ProcessorState;
let registers: Registers;

interface Given {
  readonly kernel: Uint8Array;
  readonly kernelAt?: number;
  readonly initrd?: Uint8Array;
  readonly initrdAt?: number;
  readonly text?: string;
}

/** Starts a machine with this kernel; returns why it stopped, or null. */
function load({ kernel, kernelAt = 2 * MIB, initrd, initrdAt = 3 * MIB, text = '' }: Given): string | null {
  memory = powerOn(MEMORY);
  state = local(ProcessorState);
  registers = local(Registers);
  memory.set(kernel, kernelAt);
  const kernelPart = bootInfo.parts.at(GuestPart.kernel);
  kernelPart.start = BigInt(kernelAt);
  kernelPart.end = BigInt(kernelAt + kernel.length);
  if (initrd) {
    memory.set(initrd, initrdAt);
    const part = bootInfo.parts.at(GuestPart.initrd);
    part.start = BigInt(initrdAt);
    part.end = BigInt(initrdAt + initrd.length);
  }
  putText(memory, TEXT, text);
  setText(bootInfo.commandLine, window(BigInt(TEXT), text.length));
  addMemoryRange(0n, 0x9_fc00n, 1);
  addMemoryRange(0x9_fc00n, 0xa_0000n, 2);
  addMemoryRange(BigInt(MIB), BigInt(MEMORY), 1);
  return stopOf(() => {
    readMemoryMap();
    loadGuest(state, registers);
  });
}

interface Part {
  readonly virtual?: number;
  readonly target: number;
  readonly offset: number;
  readonly fileBytes: number;
  readonly memoryBytes?: number;
  readonly kind?: number;
}

const HEADER_AT = 0x400;

/** A file of noise with a header at 0x400. */
function file(length: number, flags: number, addresses: readonly number[] = []): Uint8Array {
  const bytes = noise(length, 5);
  const view = viewOf(bytes);
  [MAGIC, flags, -(MAGIC + flags), ...addresses].forEach((value, index) =>
    view.setUint32(HEADER_AT + index * 4, value, true),
  );
  return bytes;
}

/** An ELF file of these parts. */
function elf(entry: number, parts: readonly Part[], length = 0x2000): Uint8Array {
  const bytes = file(length, 3);
  const view = viewOf(bytes);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 3, true);
  view.setUint32(24, entry, true);
  view.setUint32(28, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, parts.length, true);
  parts.forEach(({ virtual, target, offset, fileBytes, memoryBytes = fileBytes, kind = 1 }, index) =>
    [kind, offset, virtual ?? target, target, fileBytes, memoryBytes].forEach((value, field) =>
      view.setUint32(52 + index * 32 + field * 4, value, true),
    ),
  );
  return bytes;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const bytesAt = (address: number, length: number): Uint8Array => memory.subarray(address, address + length);
const information = (): DataView => viewOf(bytesAt(Number(registers.rbx), 0x80));
const textAt = (address: number): string => Buffer.from(bytesAt(address, 64)).toString('latin1').split('\0')[0] ?? '';

t.test('a file whose header has addresses is loaded as these say', (t) => {
  const kernel = file(0x2000, 0x1_0003, [0x40_0300, 0x40_0000, 0x40_1000, 0x40_1800, 0x40_0500]);
  t.equal(load({ kernel }), null);
  t.ok(same(bytesAt(0x40_0000, 0x1000), kernel.subarray(0x100, 0x1100)));
  t.ok(
    bytesAt(0x40_1000, 0x800).every((byte) => byte === 0),
    'zeroed',
  );
  t.same([state.rip, state.cr0 & 0x8000_0001n, state.cs.rights], [0x40_0500n, 1n, 0xc09b]);
  t.equal(registers.rax, 0x2bad_b002n);
  t.end();
});

t.test('addresses of 0 stand for the end of the file and for nothing to zero', (t) => {
  const kernel = file(0x2000, 0x1_0000, [0x40_0400, 0x40_0000, 0, 0, 0x40_0420]);
  t.equal(load({ kernel }), null);
  t.ok(same(bytesAt(0x40_0000, 0x2000), kernel));
  t.equal(loadSegments.list.at(0).memoryBytes, 0x2000);
  t.end();
});

t.test('the parts of an ELF file go to their physical addresses, and the entry with them', (t) => {
  const kernel = elf(0xc040_0010, [
    { virtual: 0xc040_0000, target: 0x40_0000, offset: 0x1000, fileBytes: 0x200, memoryBytes: 0x400 },
    { virtual: 0, target: 0x50_0000, offset: 0, fileBytes: 0x100, kind: 4 },
    { virtual: 0xc060_0000, target: 0x60_0000, offset: 0x1800, fileBytes: 0x800 },
  ]);
  t.equal(load({ kernel }), null);
  t.equal(state.rip, 0x40_0010n);
  t.ok(same(bytesAt(0x40_0000, 0x200), kernel.subarray(0x1000, 0x1200)));
  t.ok(bytesAt(0x40_0200, 0x200).every((byte) => byte === 0));
  t.ok(same(bytesAt(0x60_0000, 0x800), kernel.subarray(0x1800, 0x2000)));
  t.ok(
    bytesAt(0x50_0000, 0x100).every((byte) => byte === 0),
    'what is not to be loaded is not',
  );
  t.end();
});

t.test('the information holds memory, command line, module and map', (t) => {
  const kernel = elf(0x40_0000, [{ target: 0x40_0000, offset: 0x1000, fileBytes: 0x200 }]);
  const initrd = noise(5000, 9);
  t.equal(load({ kernel, initrd, text: 'one two' }), null);
  const view = information();
  t.equal(view.getUint32(0, true), 1 | (1 << 2) | (1 << 3) | (1 << 6) | (1 << 9));
  t.equal(view.getUint32(4, true), 0x9_fc00 / 1024);
  t.equal(view.getUint32(8, true), 7 * 1024);
  t.equal(textAt(view.getUint32(16, true)), 'one two');
  t.equal(textAt(view.getUint32(64, true)), 'tsvm');
  t.equal(view.getUint32(20, true), 1);
  const module = viewOf(bytesAt(view.getUint32(24, true), 16));
  const [start, end] = [module.getUint32(0, true), module.getUint32(4, true)];
  t.equal(end - start, 5000);
  t.equal(start % 4096, 0);
  t.ok(same(bytesAt(start, 5000), initrd));
  t.equal(textAt(module.getUint32(8, true)), '');
  t.equal(view.getUint32(44, true), 3 * 24);
  const range = viewOf(bytesAt(view.getUint32(48, true) + 24, 24));
  t.same([range.getUint32(0, true), range.getBigUint64(4, true)], [20, 0x9_fc00n]);
  t.same([range.getBigUint64(12, true), range.getUint32(20, true)], [0x400n, 2]);
  t.end();
});

t.test('a file that cannot be loaded is refused with one line', (t) => {
  const part = { target: 0x40_0000, offset: 0x1000, fileBytes: 0x200 };
  const changed = (offset: number, value: number): Uint8Array => {
    const kernel = elf(0x40_0000, [part]);
    viewOf(kernel).setUint16(offset, value, true);
    return kernel;
  };
  const inElf = 'it is no executable ELF file for a 32-bit x86 processor';
  const refusals: readonly (readonly [string, Uint8Array])[] = [
    ['it asks for something that this Multiboot loader does not know', file(0x2000, 8)],
    ['its Multiboot header has no addresses, and it is no ELF file', file(0x2000, 3)],
    [
      'its Multiboot header says that it is loaded from before the file',
      file(0x2000, 0x1_0000, [0x40_0401, 0x40_0000]),
    ],
    [
      'its Multiboot header says that it is loaded from before the file',
      file(0x2000, 0x1_0000, [0x3f_0000, 0x40_0000]),
    ],
    ['its Multiboot header has an end before the start', file(0x2000, 0x1_0000, [0x40_0400, 0x40_0000, 1])],
    ['truncated: a part of it ends behind the file', file(0x2000, 0x1_0000, [0x40_0400, 0x40_0000, 0x40_2001])],
    ['truncated: its Multiboot header is not whole', file(HEADER_AT + 31, 0x1_0000, []).subarray(0, HEADER_AT + 31)],
    [inElf, changed(4, 0x102)],
    [inElf, changed(16, 3)],
    [inElf, changed(18, 62)],
    ['its ELF program headers are not as they should be', changed(42, 56)],
    ['its ELF program headers are not as they should be', changed(44, 65)],
    ['truncated: its ELF program headers end behind the file', changed(28, 0x1ff0)],
    ['its entry lies outside of what is loaded', elf(0x40_0200, [part])],
    ['its entry lies outside of what is loaded', elf(0, [])],
    ['truncated: a part of it ends behind the file', elf(0x40_0000, [{ ...part, offset: 0x1e01 }])],
    ['a part of it is larger in the file than in memory', elf(0x40_0000, [{ ...part, memoryBytes: 0x1ff }])],
    ['a part of it goes where no memory is free', elf(0x40_0000, [{ ...part, target: MEMORY - 0x100 }])],
    ['a part of it goes where no memory is free', elf(0x40_0000, [{ ...part, memoryBytes: 0xffff_ffff }])],
    ['its parts overlap in memory', elf(0x40_0000, [part, { ...part, target: 0x40_01ff }])],
    [
      'it is loaded in more than 8 parts',
      elf(
        0,
        Array.from({ length: 9 }, (_, i) => ({ ...part, target: 0x40_0000 + i * 0x1000 })),
      ),
    ],
  ];
  for (const [reason, kernel] of refusals) t.equal(load({ kernel }), `tsvm: the guest's kernel: ${reason}`);
  t.end();
});

t.test('files at any addresses are copied completely, or refused with one line', (t) => {
  const place = fc.integer({ min: 0, max: MEMORY - 0x1_0000 });
  const sizes = fc.tuple(fc.integer({ min: 1, max: 0x2_0000 }), fc.integer({ min: 1, max: 0x1_0000 }));
  let arrived = 0;
  fc.assert(
    fc.property(place, place, place, sizes, (kernelAt, initrdAt, target, [memoryBytes, initrdBytes]) => {
      fc.pre(kernelAt >= MIB && initrdAt >= MIB);
      const kernel = elf(target, [{ target, offset: 0x600, fileBytes: Math.min(memoryBytes, 0x1000), memoryBytes }]);
      const initrd = noise(initrdBytes, 4);
      fc.pre(kernelAt + kernel.length <= initrdAt || initrdAt + initrdBytes <= kernelAt);
      const stopped = load({ kernel, kernelAt, initrd, initrdAt });
      if (stopped !== null) {
        t.match(stopped, /^tsvm: the guest's kernel: [ -~]+$/);
        return;
      }
      arrived++;
      const bytes = Math.min(memoryBytes, 0x1000);
      t.ok(same(bytesAt(target, bytes), kernel.subarray(0x600, 0x600 + bytes)));
      const module = viewOf(bytesAt(information().getUint32(24, true), 16));
      t.ok(same(bytesAt(module.getUint32(0, true), initrdBytes), initrd));
    }),
    { numRuns: 200 },
  );
  t.ok(arrived > 50, `${arrived} arrived`);
  t.end();
});

t.test('any bytes as a kernel are started, or refused with one line', (t) => {
  const change = fc.tuple(fc.oneof(fc.nat(120), fc.integer({ min: HEADER_AT + 4, max: HEADER_AT + 32 })), fc.nat(255));
  const kinds = fc.constantFrom(
    elf(0x40_0000, [{ target: 0x40_0000, offset: 0x1000, fileBytes: 0x200 }]),
    file(0x2000, 0x1_0000, [0x40_0400, 0x40_0000, 0, 0, 0x40_0420]),
  );
  fc.assert(
    fc.property(
      kinds,
      fc.array(change, { maxLength: 6 }),
      fc.integer({ min: 1, max: 0x2000 }),
      (kind, changes, length) => {
        const kernel = Uint8Array.from(kind);
        for (const [offset, value] of changes) kernel[offset] = value;
        const view = viewOf(kernel);
        view.setUint32(HEADER_AT + 8, -(view.getUint32(HEADER_AT, true) + view.getUint32(HEADER_AT + 4, true)), true);
        const stopped = load({ kernel: kernel.subarray(0, length) });
        t.ok(stopped === null || /^tsvm: the guest's kernel: [ -~]+$/.test(stopped), stopped ?? 'started');
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});
