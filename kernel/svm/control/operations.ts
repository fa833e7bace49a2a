/** Instructions of SVM (APM 3, chapter 4). Bodies: runtime-c/svm.h. */
import { intrinsics } from '../../../transpiler/lib/index.js';

export const { clgi, stgi } = intrinsics({
  clgi: {
    parameters: [],
    result: 'void',
    effects: ['virtualization'],
    c: 'svm_clgi',
    about: 'Clears GIF: interrupts, NMI, INIT and SMI stay pending from now on.',
    manual: 'APM 3, CLGI',
  },
  stgi: {
    parameters: [],
    result: 'void',
    effects: ['virtualization'],
    c: 'svm_stgi',
    about: 'Sets GIF: what is pending is taken.',
    manual: 'APM 3, STGI',
  },
});
