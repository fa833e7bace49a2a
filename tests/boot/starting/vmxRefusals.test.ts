import t, { type Test } from 'tap';
import { bootInBochs, type BochsBootOptions } from '../../support/machines/bochs.js';
import { hypervisorLines } from '../../support/machines/harness.js';

const FEATURE_CONTROL = '0x3a';
const LOCKED = '1';

/** Checks that its only line says why, and that the machine then stands still: a triple fault or a reset would end the run. */
async function refuses(t: Test, options: BochsBootOptions, line: string): Promise<void> {
  const { serial, ended } = await bootInBochs({ ...options, until: /^tsvm: .*\n/m, seconds: 120 });
  t.same(hypervisorLines(serial), [`tsvm: ${line}`]);
  t.equal(ended, 'stopped');
}

t.test('a processor whose EPT has no unrestricted guest', (t) =>
  refuses(t, { model: 'corei5_lynnfield_750' }, 'this processor has Intel VT-x without unrestricted guest mode'),
);

for (const model of ['core2_penryn_t9600', 'bx_generic']) {
  t.test(`a processor with VMX and no EPT: ${model}`, (t) =>
    refuses(t, { model }, 'this processor has Intel VT-x without extended page tables (EPT)'),
  );
}

t.test('a processor with neither VMX nor SVM', (t) =>
  refuses(t, { model: 'athlon64_clawhammer' }, 'this processor has no AMD-V (SVM) and no Intel VT-x (VMX)'),
);

t.test('VMX that the firmware has locked off', (t) =>
  refuses(
    t,
    { firmware: 'legacy', loaderCommands: [`wrmsr ${FEATURE_CONTROL} ${LOCKED}`] },
    'Intel VT-x is switched off by the firmware (IA32_FEATURE_CONTROL): enable it in the setup',
  ),
);
