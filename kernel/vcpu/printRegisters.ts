import { printRow } from '../report/registers.js';
import type { Registers } from './vcpu.js';

/** Prints the guest's general registers. */
export function printGuestRegisters(registers: Registers): void {
  printRow('rax', registers.rax, 'rbx', registers.rbx, 'rcx', registers.rcx);
  printRow('rdx', registers.rdx, 'rsi', registers.rsi, 'rdi', registers.rdi);
  printRow('rbp', registers.rbp, 'r8', registers.r8, 'r9', registers.r9);
  printRow('r10', registers.r10, 'r11', registers.r11, 'r12', registers.r12);
  printRow('r13', registers.r13, 'r14', registers.r14, 'r15', registers.r15);
}
