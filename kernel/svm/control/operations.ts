/** Instructions of SVM (APM 3, chapter 4). Bodies: runtime-c/svm.h. */
import { intrinsics } from '../../../transpiler/lib/index.js';

export const { clgi, stgi } = intrinsics({
  clgi: {
    parameters: [],
    result: 'void',
    effects: ['virtualization'],
    c: 'svm_clgi',
    about: 'Holds back all interrupts, NMI and INIT too, from now on.',
    manual: 'APM 3, CLGI',
  },
  stgi: {
    parameters: [],
    result: 'void',
    effects: ['virtualization'],
    c: 'svm_stgi',
    about: 'Lets in what was held back.',
    manual: 'APM 3, STGI',
  },
});
