import t from 'tap';
import { window } from '../../../transpiler/lib/index.js';
import { startGuest } from '../support/guest.js';

const { vmcb } = startGuest();
const map = window(vmcb.msrPermissions, 0x2000);

/** The two bits of an MSR (APM 2, 15.11): 1 where reads exit, 2 where writes do. */
function watched(msr: number): number {
  const start = msr >= 0xc001_0000 ? 0x1000 : msr >= 0xc000_0000 ? 0x800 : 0;
  const number = msr & 0x1fff;
  return (map.u8(start + (number >> 2)) >> ((number & 3) * 2)) & 3;
}

t.test('reads and writes of EFER, VM_CR and VM_HSAVE_PA exit', (t) => {
  for (const msr of [0xc000_0080, 0xc001_0114, 0xc001_0117]) t.equal(watched(msr), 3, msr.toString(16));
  t.end();
});

t.test('only writes of APIC_BASE, of x2APIC commands and of the microcode loader exit', (t) => {
  t.equal(watched(0x1b), 2);
  t.equal(watched(0xc001_0020), 2);
  t.equal(watched(0x830), 2);
  t.end();
});

t.test('writes of MSRs that decide the meaning of addresses exit: SYSCFG, TOP_MEM, SMM_BASE and the like', (t) => {
  const numbers = [0x10, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1d, 0x58, 0x111, 0x112, 0x113, 0x116];
  for (const number of numbers) t.equal(watched(0xc001_0000 + number), 2, number.toString(16));
  t.end();
});

t.test('the time-stamp counter, PAT, system calls, performance counters and the like pass', (t) => {
  for (const msr of [0x10, 0x48, 0x277, 0x6e0, 0xc000_0082, 0xc000_0103, 0xc001_0062, 0xc001_0200]) {
    t.equal(watched(msr), 0, msr.toString(16));
  }
  t.end();
});

t.test('no port exits but those that have another owner', (t) => {
  const ports = window(vmcb.ioPermissions, 0x3000);
  for (let i = 0; i < 0x3000; i++) if (ports.u8(i) !== 0) t.fail(`port map byte ${i}`);
  t.equal(vmcb.interceptInstructions1 & (1 << 27), 1 << 27);
  t.end();
});
