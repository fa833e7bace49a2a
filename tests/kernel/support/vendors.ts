/** The same guest on both vendors, for tests of what they share. */
import type { Registers } from '../../../kernel/vcpu/vcpu.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field, GUEST_RIGHTS, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { CODE, injected, startGuest, writeBackProcessor, type AmdProcessor } from './guest.js';
import { injectedEvent, IntelProcessor, startIntelGuest } from './intel.js';

export type Outcome = 'done' | '#UD' | '#GP' | 'event' | 'again';

export interface NeutralGuest {
  readonly processor: AmdProcessor;
  readonly registers: Registers;
  /** The top of the second-level page tables. */
  readonly tables: bigint;
  /** The guest is at privilege level `level` from now on. */
  setPrivilege(level: number): void;
  /** What becomes of the instruction. */
  execute(instruction: 'rdmsr' | 'wrmsr' | 'hypercall'): Outcome;
  reachFor(address: bigint): Outcome;
  /** A triple fault or an INIT. */
  end(how: 'shutdown' | 'init'): void;
}

export interface Vendor {
  readonly name: string;
  /** `prepare` changes the processor before the hypervisor sees it. */
  start(prepare?: (processor: AmdProcessor) => void): NeutralGuest;
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
  start(prepare = () => undefined) {
    const processor = writeBackProcessor();
    prepare(processor);
    const guest = startGuest([], processor);
    const codes = {
      rdmsr: { bytes: [0x0f, 0x32], code: ExitCode.msr, info: 0n },
      wrmsr: { bytes: [0x0f, 0x30], code: ExitCode.msr, info: 1n },
      hypercall: { bytes: [0x0f, 0x01, 0xd9], code: ExitCode.vmmcall, info: 0n },
    };
    const now = (): Outcome => outcome(injected(guest.vmcb)?.vector, guest.vmcb.rip);
    return {
      processor: guest.processor,
      registers: guest.vcpu.registers,
      tables: guest.vmcb.nestedCr3,
      setPrivilege: (level) => void (guest.vmcb.cpl = level),
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
  start(prepare = () => undefined) {
    const processor = new IntelProcessor();
    prepare(processor);
    const guest = startIntelGuest(processor);
    const reasons = { rdmsr: ExitReason.rdmsr, wrmsr: ExitReason.wrmsr, hypercall: ExitReason.vmcall };
    const now = (): Outcome => outcome(injectedEvent(guest)?.vector, guest.read(Field.guestRip));
    return {
      processor: guest.processor,
      registers: guest.vcpu.registers,
      tables: guest.tables,
      setPrivilege: (level) => guest.write(GUEST_RIGHTS + 2 * Segment.ss, BigInt(0x93 | (level << 5))),
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

export const vendors: readonly [Vendor, Vendor] = [amd, intel];
