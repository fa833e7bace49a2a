import t from 'tap';
import { svmEnable } from '../../../kernel/svm/control/enable.js';
import { setVmCr, VM_CR_DIS_A20M } from '../../../kernel/svm/control/vmCr.js';
import { simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor } from '../support/guest.js';

const VM_CR = 0xc001_0114;
const R_INIT = 2n;

/** A processor whose VM_CR keeps these bits of what is written; `null`: it has none. */
function processor(keeps: bigint | null, value = 0n): AmdProcessor {
  class Keeping extends AmdProcessor {
    override wrmsr(msr: number, written: bigint): void {
      super.wrmsr(msr, msr === VM_CR ? written & (keeps ?? 0n) : written);
    }
    override tryWrmsr(msr: number, written: bigint): boolean {
      return super.tryWrmsr(msr, msr === VM_CR ? written & (keeps ?? 0n) : written);
    }
  }
  const one = new Keeping();
  if (keeps !== null) one.msrs.set(VM_CR, value);
  one.msrs.set(0xc001_0117, 0n);
  simulate(one);
  return one;
}

t.test('address line 20 is without effect on a processor before it runs a guest', (t) => {
  const one = processor(0x1fn, 0x8n);
  svmEnable(0x7000n);
  t.equal(one.msrs.get(VM_CR), 0x8n | VM_CR_DIS_A20M);
  t.end();
});

t.test('a bit that is not kept is reported', (t) => {
  processor(0x1fn);
  t.equal(setVmCr(VM_CR_DIS_A20M | R_INIT), VM_CR_DIS_A20M | R_INIT);
  processor(R_INIT);
  t.equal(setVmCr(VM_CR_DIS_A20M | R_INIT), R_INIT);
  processor(null);
  t.equal(setVmCr(R_INIT), 0n, 'without the register');
  t.end();
});
