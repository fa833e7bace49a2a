/** A guest whose local APIC is intercepted. */
import { ApicChoice, options } from '../../../kernel/machine/options.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { svmAnnounceApic, svmInterceptApic } from '../../../kernel/svm/reset/apicInterception.js';
import { noteRunning } from '../../../kernel/vcpu/sipi.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { CODE, startGuest, type AmdProcessor, type Guest } from './guest.js';
import { viewOf } from './startup.js';

export const APIC = 0xfee0_0000;
export const COMMAND = 0x300;
/** EXITINFO1 of a nested page fault: a write to a page that is present. */
export const WRITE = 0x1_0000_0007n;
/** MOV [RBX], EAX. */
export const MOVE = [0x89, 0x03];

export interface ApicGuest extends Guest {
  readonly apic: DataView;
  /** The guest executes `code`, which writes to `offset` behind the start of the APIC's page. */
  write(offset: number, code?: readonly number[]): void;
}

export function startApicGuest(
  choice: number = ApicChoice.trap,
  base = 0xfee0_0900n,
  processor?: AmdProcessor,
  ...others: readonly number[]
): ApicGuest {
  const guest = startGuest([], processor, ...others);
  for (let number = 1; number <= others.length; number++) noteRunning(number);
  guest.processor.msrs.set(0x1b, base);
  const apic = viewOf(addMemory(BigInt(APIC), 0x10_0000));
  apic.setUint32(0xe0, 0xffff_ffff, true);
  options.apic = choice;
  svmAnnounceApic();
  svmInterceptApic();
  return {
    ...guest,
    apic,
    write(offset, code = MOVE) {
      guest.memory.set(code, CODE);
      guest.vmcb.rip = BigInt(CODE);
      guest.exit(ExitCode.nestedPageFault, WRITE, BigInt(APIC + offset));
    },
  };
}
