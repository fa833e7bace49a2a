import t from 'tap';
import { completeSegments } from '../../../kernel/vcpu/capturedState.js';
import { ProcessorState } from '../../../kernel/vcpu/state.js';
import { setGuestState as vmxSetState } from '../../../kernel/vmx/exits/guestState.js';
import { explainEntryFailure } from '../../../kernel/vmx/entry/entryChecks.js';
import { physical, window } from '../../../transpiler/lib/index.js';
import { startGuest } from '../support/guest.js';
import { IntelProcessor, startIntelGuest } from '../support/intel.js';
import { setGuestState as svmSetState } from '../../../kernel/svm/control/guestState.js';
import { logText } from '../support/startup.js';

const STATE = 0x3_0000n;
const GDT = 0x3_1000n;
const UNUSABLE = 0x10000;

/** As OVMF leaves its processors: flat segments, of which the code's was never used by this table, and no task. */
function captured(
  change: (state: ProcessorState, gdt: (index: number, descriptor: bigint) => void) => void,
): ProcessorState {
  const state = physical(ProcessorState, STATE);
  const table = window(GDT, 0x60);
  const put = (index: number, descriptor: bigint) => table.setU64(index * 8, descriptor);
  put(6, 0x00cf_9300_0000_ffffn);
  put(7, 0x00af_9a00_0000_ffffn);
  state.gdt.base = GDT;
  state.gdt.limit = 0x5f;
  state.idt.base = 0x3_2000n;
  state.idt.limit = 0xfff;
  state.rip = 0xffff_ffff_8000_1000n;
  state.rsp = 0x7000n;
  state.rflags = 2n;
  state.cr0 = 0x8001_0033n;
  state.cr3 = 0x1_0000n;
  state.cr4 = 0x668n;
  state.efer = 0xd00n;
  for (const segment of [state.es, state.ss, state.ds, state.fs, state.gs]) segment.selector = 0x30;
  state.cs.selector = 0x38;
  state.ldtr.selector = 0;
  state.tr.selector = 0;
  change(state, put);
  completeSegments(state);
  return state;
}

const unchanged = () => undefined;

function onAmd() {
  const guest = startGuest();
  guest.processor.msrs.set(0xc000_0100, 0x1111_0000n);
  guest.processor.msrs.set(0xc000_0101, 0x2222_0000n);
  return guest;
}

t.test('segments are what their descriptors say', (t) => {
  onAmd();
  const { cs, ds, fs, gs, ldtr, tr } = captured(unchanged);
  t.same([cs.rights, cs.limit, cs.base], [0xa09b, 0xffff_ffff, 0n]);
  t.same([ds.rights, ds.limit, ds.base], [0xc093, 0xffff_ffff, 0n]);
  t.same([fs.rights, fs.base, gs.base], [0xc093, 0x1111_0000n, 0x2222_0000n]);
  t.equal(ldtr.rights, UNUSABLE);
  t.same([tr.rights, tr.limit, tr.base], [0x8b, 0xffff, 0n]);
  t.end();
});

t.test('a task that is loaded is busy, and its base has 64 bits', (t) => {
  onAmd();
  const { tr } = captured((state, put) => {
    state.tr.selector = 0x40;
    put(8, 0x1200_8934_5678_0067n);
    put(9, 0xffff_8000n);
  });
  t.same([tr.rights, tr.limit, tr.base], [0x8b, 0x67, 0xffff_8000_1234_5678n]);
  t.end();
});

t.test('a selector without a descriptor, or of one that is not present, cannot be used', (t) => {
  onAmd();
  for (const selector of [0, 3, 0x60, 0x34, 0x50]) {
    const { es } = captured((state, put) => {
      state.es.selector = selector;
      put(10, 0x00cf_1300_0000_ffffn);
    });
    t.equal(es.rights, UNUSABLE, `selector ${selector}`);
  }
  t.end();
});

t.test('on AMD-V the guest goes on with them', (t) => {
  const guest = onAmd();
  const { vmcb } = guest;
  svmSetState(vmcb, captured(unchanged));
  t.same([vmcb.cs.selector, vmcb.cs.attributes, vmcb.cs.limit], [0x38, 0xa9b, 0xffff_ffff]);
  t.same([vmcb.fs.base, vmcb.gs.base], [0x1111_0000n, 0x2222_0000n]);
  t.same([vmcb.gdtr.base, vmcb.gdtr.limit], [GDT, 0x5f]);
  t.same([vmcb.rip, vmcb.cr3, vmcb.cr4], [0xffff_ffff_8000_1000n, 0x1_0000n, 0x668n]);
  t.equal(vmcb.efer, 0x1d00n);
  t.end();
});

t.test('on VT-x an entry with them breaks no rule', (t) => {
  const processor = new IntelProcessor();
  processor.msrs.set(0xc000_0100, 0x1111_0000n);
  processor.leaves[0x8000_0008] = { eax: 0x3027 };
  // All that the hypervisor switches on in CR4 may be on.
  processor.msrs.set(0x489, 0xffff_ffffn);
  startIntelGuest(processor);
  vmxSetState(captured(unchanged));
  const before = logText();
  explainEntryFailure();
  t.equal(logText().slice(before.length), 'tsvm: no rule for VM entries is broken that this hypervisor knows\n');
  t.end();
});
