import t from 'tap';
import { svmCheck, svmExists } from '../../../kernel/svm/control/capability.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, Halted } from '../support/guest.js';
import { logText } from '../support/startup.js';

let processor = new AmdProcessor();

t.beforeEach(() => {
  resetMemory();
  processor = new AmdProcessor();
  simulate(processor);
});

/** The line with which the check stops start-up. */
function refusal(): string {
  try {
    svmCheck();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof Halted)) throw error;
    return logText();
  }
}

t.test('a processor with SVM and nested paging is accepted', (t) => {
  t.equal(svmExists(), true);
  t.equal(refusal(), 'accepted');
  t.end();
});

t.test('a processor whose extended leaves end before SVM has none', (t) => {
  processor.leaves[0x8000_0000] = { eax: 0x8000_0008 };
  t.equal(svmExists(), false);
  t.end();
});

t.test('a processor without the SVM bit has none', (t) => {
  processor.leaves[0x8000_0001] = { ecx: 0 };
  t.equal(svmExists(), false);
  t.end();
});

t.test('SVM that the firmware switched off is refused in one line', (t) => {
  processor.msrs.set(0xc001_0114, 0x18n);
  t.match(refusal(), /^tsvm: AMD-V \(SVM\) is switched off by the firmware.*\n$/);
  t.end();
});

t.test('a processor without nested paging is refused in one line', (t) => {
  processor.leaves[0x8000_000a] = { edx: 0 };
  t.match(refusal(), /^tsvm: .*without nested paging\n$/);
  t.end();
});
