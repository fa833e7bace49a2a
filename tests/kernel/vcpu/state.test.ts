import t from 'tap';
import {
  ProcessorState,
  startAfterReset,
  startAtVector,
  startInLongMode,
  startInProtectedMode,
  type SegmentState,
} from '../../../kernel/vcpu/state.js';
import { Registers } from '../../../kernel/vcpu/vcpu.js';
import { local } from '../../../transpiler/lib/index.js';
import { simulate } from '../../../transpiler/lib/testing.js';

/** A state full of something else. */
function usedState(): ProcessorState {
  const state = local(ProcessorState);
  startInLongMode(state, 0x1234n, 0x5000n);
  state.rsp = 0x8000n;
  state.cr2 = 0x1n;
  state.fs.base = 0x77n;
  state.tr.selector = 0x40;
  return state;
}

const segment = ({ selector, base, limit, rights }: SegmentState): unknown => ({ selector, base, limit, rights });
const DATA = { selector: 0, base: 0n, limit: 0xffff, rights: 0x93 };

t.test('after a reset all is as in table 9-1 of the SDM', (t) => {
  const state = usedState();
  startAfterReset(state);
  t.same(segment(state.cs), { selector: 0xf000, base: 0xffff_0000n, limit: 0xffff, rights: 0x93 });
  for (const data of [state.ds, state.es, state.fs, state.gs, state.ss]) t.same(segment(data), DATA);
  t.same(segment(state.ldtr), { ...DATA, rights: 0x82 });
  t.same(segment(state.tr), { ...DATA, rights: 0x8b });
  t.same([state.gdt.base, state.gdt.limit, state.idt.base, state.idt.limit], [0n, 0xffff, 0n, 0xffff]);
  t.same([state.rip, state.rsp, state.rflags], [0xfff0n, 0n, 2n]);
  t.same([state.cr0, state.cr2, state.cr3, state.cr4, state.efer], [0x10n, 0n, 0n, 0n, 0n]);
  t.end();
});

t.test('a SIPI starts a processor at its page, with nothing but its name in the registers', (t) => {
  simulate({ cpuid: () => ({ eax: 0x000306c3, ebx: 1, ecx: 1, edx: 1 }) });
  const state = usedState();
  const registers = local(Registers);
  registers.rax = 5n;
  registers.r15 = 6n;
  startAtVector(state, registers, 0x9a);
  t.same(segment(state.cs), { ...DATA, selector: 0x9a00, base: 0x9_a000n });
  t.equal(state.rip, 0n);
  t.equal(state.cr0, 0x10n);
  t.same([registers.rax, registers.rdx, registers.r15], [0n, 0x000306c3n, 0n]);
  t.end();
});

t.test('protected mode starts with flat segments of 32 bits and without paging', (t) => {
  const state = usedState();
  startInProtectedMode(state, 0x10_0000);
  t.same(segment(state.cs), { selector: 0x10, base: 0n, limit: 0xffff_ffff, rights: 0xc09b });
  t.same(segment(state.ss), { selector: 0x18, base: 0n, limit: 0xffff_ffff, rights: 0xc093 });
  t.same([state.rip, state.cr0, state.cr4, state.efer], [0x10_0000n, 0x11n, 0n, 0n]);
  t.end();
});
