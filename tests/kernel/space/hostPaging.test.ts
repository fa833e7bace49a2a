import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { allocatorStart } from '../../../kernel/paging/allocator.js';
import { buildHostTables } from '../../../kernel/space/hostPaging.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import { processorMemory } from '../../../kernel/vcpu/processors.js';
import { useTrampoline } from '../../../kernel/space/trampoline.js';
import { giveProcessors } from '../support/guest.js';
import { bounds, IMAGE, IMAGE_BASE, parts, SerialMachine } from '../../support/image.js';

const TABLES = 0x2000_0000n;
const DIRECT = 0xffff_8000_0000_0000n;
const SIX_GIB = 6n << 30n;

const PRESENT = 1n;
const WRITABLE = 2n;
const LARGE = 0x80n;
const NO_EXECUTE = 1n << 63n;

let view: DataView = new DataView(new ArrayBuffer(8));
let root = 0n;

t.beforeEach(() => {
  resetMemory();
  simulate({
    ...new SerialMachine(),
    cpuid: () => ({ eax: 0, ebx: 0, ecx: 0, edx: 1 << 26 }),
    rdmsr: () => 0n,
    tryRdmsr: () => ({ value: 0n, faulted: true }),
  });
  const memory = addMemory(TABLES, 0x20_0000);
  view = new DataView(memory.buffer, memory.byteOffset);
  allocatorStart(TABLES, 0x20_0000n);
  readMtrrs();
  root = buildHostTables(IMAGE, SIX_GIB);
});

/** What the processor finds for an address: the machine address, the leaf's flags and its size in bits. */
function walk(address: bigint): { target: bigint; entry: bigint; shift: bigint } | null {
  let table = root;
  for (let shift = 39n; shift >= 12n; shift -= 9n) {
    const entry = view.getBigUint64(Number(table - TABLES + ((address >> shift) & 511n) * 8n), true);
    if ((entry & PRESENT) === 0n) return null;
    const frame = entry & 0x000f_ffff_ffff_f000n;
    if (shift === 12n || (entry & LARGE) !== 0n) {
      return { target: frame + (address & ((1n << shift) - 1n)), entry, shift };
    }
    table = frame;
  }
  return null;
}

function rights(address: bigint): string {
  const found = walk(address);
  if (found === null) return 'none';
  return `r${(found.entry & WRITABLE) === 0n ? '' : 'w'}${(found.entry & NO_EXECUTE) === 0n ? 'x' : ''}`;
}

t.test('each part of the image has the rights it needs and no more', (t) => {
  t.equal(rights(bounds.text), 'rx');
  t.equal(rights(bounds.constants - 1n), 'rx');
  t.equal(rights(bounds.constants), 'r');
  t.equal(rights(bounds.symbols), 'r');
  t.equal(rights(bounds.data), 'rw');
  t.equal(rights(bounds.end - 1n), 'rw');
  t.equal(rights(bounds.end), 'none');
  t.end();
});

t.test('the page below each stack is not mapped', (t) => {
  for (const guard of [0x0n, 0x5000n, 0x7000n, 0x9000n]) {
    t.equal(rights(bounds.stacks + guard), 'none');
    t.equal(rights(bounds.stacks + guard + 0xfffn), 'none');
    t.equal(rights(bounds.stacks + guard + 0x1000n), 'rw');
  }
  t.end();
});

t.test('the page below each stack of each processor is not mapped; the trampoline is, where it lies', (t) => {
  const low = addMemory(0n, 0x10_0000);
  giveProcessors(low, 1, 2);
  useTrampoline(0x9_c000n);
  root = buildHostTables(IMAGE, SIX_GIB);
  for (const number of [0n, 1n, 2n]) {
    const block = DIRECT + processorMemory(Number(number));
    for (const guard of [0x0n, 0x5000n, 0x7000n, 0x9000n]) {
      t.equal(rights(block + guard), 'none');
      t.equal(rights(block + guard + 0x1000n), 'rw');
    }
    t.equal(rights(block + 0xb000n), 'rw', 'the vcpu');
  }
  t.equal(walk(0x9_c000n)?.target, 0x9_c000n, 'the trampoline, where paging is switched on');
  t.equal(rights(0x9_c000n), 'rx');
  t.equal(rights(0x9_d000n), 'none');
  t.end();
});

t.test('the image is mapped where it will lie', (t) => {
  t.equal(walk(IMAGE_BASE + 0x1234n)?.target, IMAGE + 0x1234n);
  t.equal(walk(bounds.end - 1n)?.target, IMAGE + (bounds.end - IMAGE_BASE) - 1n);
  t.end();
});

t.test('all memory is mapped at the direct map, never executable', (t) => {
  for (const address of [0n, 0x9_f000n, IMAGE + 0x20_0000n, 0xfee0_0000n, SIX_GIB - 1n]) {
    t.equal(walk(DIRECT + address)?.target, address);
    t.equal(rights(DIRECT + address), 'rw');
  }
  t.equal(rights(DIRECT + SIX_GIB), 'none');
  t.end();
});

t.test('code and constants are not writable through the direct map', (t) => {
  const readOnly = parts.text + parts.constants + parts.symbols;
  t.equal(rights(DIRECT + IMAGE), 'r');
  t.equal(rights(DIRECT + IMAGE + readOnly - 1n), 'r');
  t.equal(rights(DIRECT + IMAGE + readOnly), 'rw');
  t.equal(rights(DIRECT + IMAGE - 1n), 'rw');
  t.end();
});

t.test('memory without the image is mapped by the largest pages', (t) => {
  t.equal(walk(DIRECT + 0x4000_0000n)?.shift, 30n);
  t.equal(walk(DIRECT + IMAGE + 0x20_0000n)?.shift, 21n);
  t.end();
});

t.test('address 0 is not mapped', (t) => {
  t.equal(walk(0n), null);
  t.end();
});
