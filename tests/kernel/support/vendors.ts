/** The same guest on both vendors, for tests of what they share. */
import type { Registers } from '../../../kernel/vcpu/vcpu.js';
import { ExitCode } from '../../../kernel/svm/handlers.js';
import { ExitReason } from '../../../kernel/vmx/exitReason.js';
import { Field } from '../../../kernel/vmx/vmcs.js';
import { CODE, injected, startGuest, type AmdProcessor } from './guest.js';
import { injectedEvent, startIntelGuest } from './intel.js';

export type Outcome = 'done' | '#UD' | '#GP' | 'event' | 'again';

export interface NeutralGuest {
  readonly processor: AmdProcessor;
  readonly registers: Registers;
  /** What becomes of the instruction. */
  execute(instruction: 'rdmsr' | 'wrmsr' | 'hypercall'): Outcome;
  reachFor(address: bigint): Outcome;
  /** A triple fault or an INIT. */
  end(how: 'shutdown' | 'init'): void;
}

export interface Vendor {
  readonly name: string;
  start(): NeutralGuest;
}

const INVALID_OPCODE = 6;
const GENERAL_PROTECTION = 13;

function outcome(vector: number | undefined, rip: bigint): Outcome {
  if (vector === INVALID_OPCODE) return '#UD';
  if (vector === GENERAL_PROTECTION) return '#GP';
  if (vector !== undefined) return 'event';
  return rip === BigInt(CODE) ? 'again' : 'done';
}

const amd: Vendor = {
  name: 'AMD-V',
  start() {
    const guest = startGuest();
    const codes = {
      rdmsr: { bytes: [0x0f, 0x32], code: ExitCode.msr, info: 0n },
      wrmsr: { bytes: [0x0f, 0x30], code: ExitCode.msr, info: 1n },
      hypercall: { bytes: [0x0f, 0x01, 0xd9], code: ExitCode.vmmcall, info: 0n },
    };
    const now = (): Outcome => outcome(injected(guest.vmcb)?.vector, guest.vmcb.rip);
    return {
      processor: guest.processor,
      registers: guest.vcpu.registers,
      execute(instruction) {
        const { bytes, code, info } = codes[instruction];
        guest.memory.set(bytes, CODE);
        guest.vmcb.rip = BigInt(CODE);
        guest.exit(code, info);
        return now();
      },
      reachFor(address) {
        guest.exit(ExitCode.nestedPageFault, 4n, address);
        return now();
      },
      end: (how) => guest.exit(ExitCode[how]),
    };
  },
};

const intel: Vendor = {
  name: 'Intel VT-x',
  start() {
    const guest = startIntelGuest();
    const reasons = { rdmsr: ExitReason.rdmsr, wrmsr: ExitReason.wrmsr, hypercall: ExitReason.vmcall };
    const now = (): Outcome => outcome(injectedEvent(guest)?.vector, guest.read(Field.guestRip));
    return {
      processor: guest.processor,
      registers: guest.vcpu.registers,
      execute(instruction) {
        guest.write(Field.guestRip, BigInt(CODE));
        guest.exit(reasons[instruction]);
        return now();
      },
      reachFor(address) {
        guest.write(Field.guestPhysicalAddress, address);
        guest.exit(ExitReason.eptViolation);
        return now();
      },
      end: (how) => guest.exit(how === 'init' ? ExitReason.init : ExitReason.tripleFault),
    };
  },
};

export const vendors: readonly Vendor[] = [amd, intel];
