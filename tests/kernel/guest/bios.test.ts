import fc from 'fast-check';
import t from 'tap';
import { addMemoryRange, bootInfo } from '../../../kernel/handover/bootInfo.js';
import { refuseSecondStart } from '../../../kernel/guest/bios/bios.js';
import { loadGuest } from '../../../kernel/guest/guest.js';
import { memoryMap, readMemoryMap } from '../../../kernel/machine/memoryMap.js';
import { options } from '../../../kernel/machine/options.js';
import { ProcessorState } from '../../../kernel/vcpu/state.js';
import { Registers } from '../../../kernel/vcpu/vcpu.js';
import { local } from '../../../transpiler/lib/index.js';
import { addImage, bounds } from '../../support/image.js';
import type { BootRange } from '../support/multibootInfo.js';
import { powerOn, stopOf, viewOf } from '../support/startup.js';

const MIB = 0x10_0000;
const BLOCK = 0x1000;
const CODE = 0x600;
const VECTOR_15 = 0x54;
const BASE_MEMORY = 0x413;

const bareMap: readonly BootRange[] = [
  { start: 0n, bytes: 0x9_fc00n, kind: 1 },
  { start: 0x9_fc00n, bytes: 0x400n, kind: 2 },
  { start: 0xf_0000n, bytes: 0x1_0000n, kind: 2 },
  { start: 0x10_0000n, bytes: BigInt(127 * MIB), kind: 1 },
];

let memory: Uint8Array = new Uint8Array();
let state: ProcessorState;

/** Starts a machine without a kernel for the guest; returns why it stopped, or null. */
function load(ranges = bareMap, baseKib = 639, prepare: () => void = () => undefined): string | null {
  memory = powerOn(MIB, bounds);
  addImage().fill(0xc3, Number(bounds.biosBlock - bounds.text), Number(bounds.biosBlock - bounds.text) + CODE);
  viewOf(memory).setUint16(BASE_MEMORY, baseKib, true);
  state = local(ProcessorState);
  for (const { start, bytes, kind } of ranges) addMemoryRange(start, start + bytes, kind);
  prepare();
  return stopOf(() => {
    readMemoryMap();
    loadGuest(state, local(Registers));
  });
}

const block = (): DataView => viewOf(memory.subarray(state.cs.selector * 16, state.cs.selector * 16 + BLOCK));

/** The ranges in the block's table. */
function table(): [bigint, bigint, number][] {
  return Array.from({ length: block().getUint16(0x24, true) }, (_, index) => {
    const entry = CODE + index * 20;
    const start = block().getBigUint64(entry, true);
    return [start, start + block().getBigUint64(entry + 8, true), block().getUint32(entry + 16, true)];
  });
}

t.test('the processor starts in the block at the top of low memory, in real mode', (t) => {
  t.equal(load(), null);
  t.same([state.cs.selector, state.cs.base, state.rip], [0x9ec0, 0x9_ec00n, 0n]);
  t.equal(state.cr0 & 1n, 0n);
  t.equal(block().getUint8(0x100), 0xc3, 'the code is there');
  t.equal(viewOf(memory).getUint16(BASE_MEMORY, true), 0x9ec00 / 1024);
  t.end();
});

t.test('the block lies below the low memory that the BIOS uses', (t) => {
  t.equal(load(bareMap, 636), null);
  t.equal(state.cs.base, 0x9_e000n);
  t.same(table().slice(0, 3), [
    [0n, 0x9_e000n, 1],
    [0x9_e000n, 0x9_f000n, 2],
    [0x9_f000n, 0x9_fc00n, 1],
  ]);
  t.end();
});

t.test('the table contains the map with the block reserved', (t) => {
  t.equal(load(), null);
  t.same(table(), [
    [0n, 0x9_ec00n, 1],
    [0x9_ec00n, 0x9_fc00n, 2],
    [0x9_fc00n, 0xa_0000n, 2],
    [0xf_0000n, 0x10_0000n, 2],
    [0x10_0000n, BigInt(128 * MIB), 1],
  ]);
  t.end();
});

t.test('sizes are those of the memory from 1 MiB to the first gap, as far as 16 bits hold them', (t) => {
  const sizes = (): number[] => [0x26, 0x28, 0x2a].map((offset) => block().getUint16(offset, true));
  load();
  t.same(sizes(), [15 * 1024, 112 * 16, 0xffff], '128 MiB');
  load([...bareMap, { start: BigInt(4 * MIB), bytes: 0x1000n, kind: 2 }]);
  t.same(sizes(), [3 * 1024, 0, 3 * 1024], 'a gap at 4 MiB');
  load([...bareMap, { start: BigInt(128 * MIB), bytes: BigInt(5 * 1024 * MIB), kind: 1 }]);
  t.same(sizes(), [15 * 1024, (4096 - 16) * 16, 0xffff], 'more than 4 GiB');
  load(bareMap.slice(0, 3));
  t.same(sizes(), [0, 0, 0], 'none');
  t.end();
});

t.test('the disk is 0x80 unless the options name another', (t) => {
  load();
  t.equal(block().getUint8(0x20), 0x80);
  load(bareMap, 639, () => {
    options.disk = 1 + 0x9f;
  });
  t.equal(block().getUint8(0x20), 0x9f);
  t.end();
});

t.test('any map is put into the table, or refused with one line', (t) => {
  const range = fc.record({ start: fc.bigInt(0n, 2n ** 33n), bytes: fc.bigInt(1n, 2n ** 32n), kind: fc.nat(7) });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 160 }), fc.nat(0xffff), (ranges, baseKib) => {
      const stopped = load(ranges, baseKib);
      if (stopped !== null) {
        t.match(stopped, /^tsvm: [ -~]+$/);
        return;
      }
      const seen = Array.from({ length: memoryMap.count }, (_, index) => memoryMap.ranges.at(index));
      t.same(
        table(),
        seen.map(({ start, end, kind }) => [start, end, kind]),
      );
      t.ok(Number(state.cs.base) + BLOCK <= Math.min(baseKib * 1024, 0xa_0000));
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('without a BIOS, or without memory for the block, one line says so', (t) => {
  const message = 'tsvm: too little memory: no 4 KiB are free below 640 KiB for a BIOS guest';
  t.equal(load(bareMap, 0), message);
  t.equal(load(bareMap.slice(1)), message);
  const efi = load(bareMap, 639, () => (bootInfo.efi.isPresent = true));
  t.equal(efi, 'tsvm: no guest: give a kernel; there is no BIOS that could start one');
  t.end();
});

t.test('the guest of a tsvm cannot start another one', (t) => {
  memory = powerOn(MIB);
  t.equal(stopOf(refuseSecondStart), null);
  viewOf(memory).setUint32(VECTOR_15, 0x9ec0_0010, true);
  t.equal(stopOf(refuseSecondStart), null);
  memory.set(Buffer.from('tsvmBIOS'), 0x9_ec08);
  t.match(stopOf(refuseSecondStart), /^tsvm: this is the guest of a tsvm that runs already: /);
  t.end();
});
