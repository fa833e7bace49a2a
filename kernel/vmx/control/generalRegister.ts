/** Accesses the guest's general registers by their number in an instruction (SDM 3C, table 27-3). */
import type { u64 } from '../../../transpiler/lib/index.js';
import type { Registers } from '../../vcpu/vcpu.js';
import { vmread } from './operations.js';
import { Field } from './vmcs.js';

/** The value of general register `number`. In 32-bit code the high half is left over from earlier 64-bit code. */
export function generalRegister(registers: Registers, number: u64): u64 {
  switch (number) {
    case 0n:
      return registers.rax;
    case 1n:
      return registers.rcx;
    case 2n:
      return registers.rdx;
    case 3n:
      return registers.rbx;
    case 4n:
      return vmread(Field.guestRsp);
    case 5n:
      return registers.rbp;
    case 6n:
      return registers.rsi;
    case 7n:
      return registers.rdi;
    case 8n:
      return registers.r8;
    case 9n:
      return registers.r9;
    case 10n:
      return registers.r10;
    case 11n:
      return registers.r11;
    case 12n:
      return registers.r12;
    case 13n:
      return registers.r13;
    case 14n:
      return registers.r14;
    default:
      return registers.r15;
  }
}
