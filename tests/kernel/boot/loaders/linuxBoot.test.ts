import fc from 'fast-check';
import t from 'tap';
import { readBootInfo } from '../../../../kernel/boot/boot.js';
import { bootInfo, GuestPart, isGiven, textBytes } from '../../../../kernel/handover/bootInfo.js';
import { LINUX_MAGIC } from '../../../../kernel/boot/loaders/linuxBoot.js';
import { isEfiMachine } from '../../../../kernel/handover/efiServices.js';
import { loadGuest } from '../../../../kernel/guest/guest.js';
import { ProcessorState } from '../../../../kernel/vcpu/state.js';
import { Registers } from '../../../../kernel/vcpu/vcpu.js';
import { type Bytes, local } from '../../../../transpiler/lib/index.js';
import { bundle, efiMap, type LinuxLoader, putZeroPage } from '../../support/bootLoaders.js';
import { powerOn, stopOf, viewOf } from '../../support/startup.js';

const PAGE = 0x9_0000 - 0x2_0000;
const INITRD = 0x10_0000;
const MEMORY = 0x20_0000;
const RAM = [{ start: 0n, bytes: BigInt(MEMORY), kind: 1 }];
const archive = bundle({ 'guest/kernel': 'kernel', 'guest/cmdline': 'quiet' });
/** The whole space that is mapped; only the pages that a test touches are ever real. */
const allMemory = new Uint8Array(2 ** 32);

function text(bytes: Bytes): string {
  return Array.from({ length: bytes.length }, (_, i) => String.fromCharCode(bytes.u8(i))).join('');
}

function boot(given: LinuxLoader, change: (memory: DataView) => void = () => undefined): string | null {
  allMemory.fill(0, 0, MEMORY);
  const memory = powerOn(allMemory);
  memory.set(archive, INITRD);
  putZeroPage(memory, PAGE, { ranges: RAM, ...given });
  change(viewOf(memory));
  return stopOf(() => readBootInfo(LINUX_MAGIC, BigInt(PAGE)));
}

t.test('the initrd is the bundle, the command line holds the options', (t) => {
  const commandLine = 'BOOT_IMAGE=/boot/tsvm.bin crash=reset  console=none initrd=node.cpio';
  t.equal(boot({ commandLine, initrd: { start: INITRD, bytes: archive.length }, rsdp: 0xf_5a20n }), null);
  t.equal(text(textBytes(bootInfo.options)).trim(), 'crash=reset console=none');
  t.ok(isGiven(GuestPart.kernel));
  t.equal(text(textBytes(bootInfo.commandLine)), 'quiet');
  t.equal(bootInfo.rsdp, 0xf_5a20n);
  t.equal(bootInfo.efi.systemTable, 0n);
  t.end();
});

t.test('under Secure Boot, which the zero page tells, a bundle from outside is refused', (t) => {
  const initrd = { start: INITRD, bytes: archive.length };
  for (const [mode, isRefused] of [
    [0, false],
    [1, false],
    [2, false],
    [3, true],
  ] as const) {
    const stopped = boot({ initrd }, (memory) => memory.setUint8(PAGE + 0x1ec, mode));
    t.equal(stopped !== null, isRefused, `secure_boot ${mode}`);
    t.equal(bootInfo.isSecure, isRefused);
    if (isRefused) t.match(stopped, /^tsvm: a bundle from outside is not covered by a signature, so under Secure Boot/);
  }
  t.end();
});

t.test('ranges beyond those of the zero page come from the setup data', (t) => {
  const extended = [
    { start: 0x1_0000_0000n, bytes: 0x1_0000_0000n, kind: 1 },
    { start: 0x10_0000_0000n, bytes: 0x1000n, kind: 12 },
  ];
  t.equal(boot({ extended }), null);
  t.equal(bootInfo.rangeCount, 3);
  t.equal(bootInfo.ranges.at(1).end, 0x2_0000_0000n);
  t.equal(bootInfo.ranges.at(2).kind, 12);
  t.end();
});

t.test('the EFI system table and memory map are kept', (t) => {
  const map = efiMap([{ type: 7, start: 0n, pages: 16n }]);
  t.equal(boot({ efi: { systemTable: 0x1_7fee_d018n, map, descriptorBytes: 48 } }), null);
  t.equal(bootInfo.efi.systemTable, 0x1_7fee_d018n);
  t.equal(bootInfo.efi.mapBytes, 48);
  t.end();
});

t.test('if another kernel has set EFI’s virtual addresses, the hypervisor does not call EFI', (t) => {
  const map = efiMap([{ type: 7, start: 0n, pages: 16n }]);
  const stopped = boot({ efi: { systemTable: 0x7fee_d018n, map, descriptorBytes: 48 } }, (memory) => {
    memory.setUint32(PAGE + 0x250, PAGE + 0x3000, true);
    memory.setUint32(PAGE + 0x3008, 4, true);
  });
  t.equal(stopped, null);
  t.equal(bootInfo.efi.systemTable, 0n);
  t.ok(isEfiMachine(), 'the machine stays one without a BIOS');
  const noBios = stopOf(() => loadGuest(local(ProcessorState), local(Registers)));
  t.equal(noBios, 'tsvm: no guest: give a kernel; there is no BIOS that could start one');
  t.end();
});

t.test('the screen is kept as the boot loader left it', (t) => {
  t.equal(
    boot({}, (memory) => memory.setUint8(PAGE + 0x0f, 0x70)),
    null,
  );
  t.ok(bootInfo.hasScreen);
  t.equal(bootInfo.screen.get(0x0f), 0x70);
  t.equal(boot({}), null);
  t.notOk(bootInfo.hasScreen);
  t.end();
});

t.test('one line names a fault in the zero page', (t) => {
  const initrd = { start: INITRD, bytes: archive.length };
  const tooFar = { start: 2n ** 64n - 4096n, bytes: 4096n, kind: 1 };
  const map = efiMap([{ type: 7, start: 0n, pages: 1n << 52n }]);
  const cases: readonly (readonly [string, LinuxLoader, (memory: DataView) => void])[] = [
    ['the zero page has no setup header', {}, (m) => m.setUint32(PAGE + 0x202, 0, true)],
    ['the boot loader gave no memory map', { ranges: [] }, () => undefined],
    ['the zero page has more ranges of memory than it has room for', {}, (m) => m.setUint8(PAGE + 0x1e8, 129)],
    ['a range of the memory map reaches past the last address', { ranges: [tooFar] }, () => undefined],
    ['the options are longer than 2,048 bytes', { commandLine: 'x'.repeat(2049) }, () => undefined],
    ['the bundle lies where it cannot be read yet', { initrd }, (m) => m.setUint32(PAGE + 0xc0, 0x80, true)],
    ['the command line lies where it cannot be read yet', {}, (m) => m.setUint32(PAGE + 0xc8, 0x80, true)],
    ['the bundle is no cpio archive in the newc format', { initrd }, (m) => m.setUint8(INITRD, 0)],
    ['the setup data of the boot loader lies outside memory', {}, (m) => m.setUint32(PAGE + 0x254, 0x80, true)],
    [
      'the setup data of the boot loader gives a bad memory map',
      { extended: RAM },
      (m) => m.setUint32(PAGE + 0x400c, 0x4001, true),
    ],
    [
      'the setup data of the boot loader is an endless chain',
      {},
      (m) => [PAGE + 0x250, PAGE + 0x3000].forEach((at) => m.setUint32(at, PAGE + 0x3000, true)),
    ],
    [
      'a range of the EFI memory map reaches past the last address',
      { efi: { systemTable: 1n, map, descriptorBytes: 48 } },
      () => undefined,
    ],
    [
      'the EFI memory map has descriptors of a bad size',
      { efi: { systemTable: 1n, map, descriptorBytes: 39 } },
      () => undefined,
    ],
  ];
  for (const [line, given, change] of cases) t.equal(boot(given, change), `tsvm: ${line}`);
  t.end();
});

t.test('any zero page is accepted, or refused with one line', (t) => {
  const word = fc.oneof(
    fc.nat(0xff),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.integer({ min: PAGE, max: PAGE + 0x800 }),
  );
  const places = fc.constantFrom(
    0x70,
    0xc0,
    0xc4,
    0xc8,
    0x1c0,
    0x1c4,
    0x1c8,
    0x1cc,
    0x1d0,
    0x1d4,
    0x1d8,
    0x1dc,
    0x1e8,
    0x218,
    0x21c,
    0x228,
    0x250,
    0x254,
    0x2d0,
    0x2d8,
    0x2dc,
    0x2e4,
    0x4000,
    0x4008,
    0x400c,
    0x8000,
    0x8008,
    0x8018,
  );
  const efi = { systemTable: 1n, map: efiMap([{ type: 7, start: 0n, pages: 16n }]), descriptorBytes: 48 };
  const extended = [{ start: 0x1_0000_0000n, bytes: 0x1000n, kind: 1 }];
  fc.assert(
    fc.property(fc.array(fc.tuple(places, word), { maxLength: 8 }), (changes) => {
      const initrd = { start: INITRD, bytes: archive.length };
      const stopped = boot({ initrd, efi, extended, commandLine: 'crash=halt' }, (memory) => {
        for (const [offset, value] of changes) memory.setUint32(PAGE + offset, value, true);
      });
      t.ok(stopped === null || /^tsvm: [ -~]+(\ntsvm: [ -~]+)?$/.test(stopped), stopped ?? 'taken');
    }),
    { numRuns: 300 },
  );
  t.end();
});
