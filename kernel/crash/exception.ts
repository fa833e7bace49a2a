/** Reports an exception in the hypervisor's own code. None is expected, so it ends the node. */
import {
  at,
  HVA,
  list,
  readCr2,
  readCr3,
  STRING,
  struct,
  u32,
  U64,
  u64,
  type Ref,
} from '../../transpiler/lib/index.js';
import { printBanks } from './machineChecks.js';
import { printBacktrace, printPlace } from './backtrace.js';
import { endLine, print, printDecimal } from '../report/console.js';
import { beginCrash, endCrash } from './crash.js';
import { printRegister, printRow } from '../report/registers.js';

/**
 * The stack after an exception: registers pushed by runtime-c/exceptions.asm, then the processor's frame (SDM 3A
 * 6.14.2).
 */
export const ExceptionFrame = struct(
  'ExceptionFrame',
  { size: 176 },
  {
    rax: at(0, U64),
    rcx: at(8, U64),
    rdx: at(16, U64),
    rbx: at(24, U64),
    rbp: at(32, HVA),
    rsi: at(40, U64),
    rdi: at(48, U64),
    r8: at(56, U64),
    r9: at(64, U64),
    r10: at(72, U64),
    r11: at(80, U64),
    r12: at(88, U64),
    r13: at(96, U64),
    r14: at(104, U64),
    r15: at(112, U64),
    vector: at(120, U64),
    errorCode: at(128, U64),
    rip: at(136, HVA),
    cs: at(144, U64),
    rflags: at(152, U64),
    rsp: at(160, U64),
    ss: at(168, U64),
  },
);
export type ExceptionFrame = Ref<typeof ExceptionFrame>;

/** Names of exceptions, by vector (SDM 3A, table 6-1; APM 2, table 8-1). */
const names = list(STRING, [
  'divide error',
  'debug',
  'NMI',
  'breakpoint',
  'overflow',
  'bound range exceeded',
  'invalid opcode',
  'device not available',
  'double fault',
  'coprocessor segment overrun',
  'invalid TSS',
  'segment not present',
  'stack fault',
  'general protection',
  'page fault',
  'reserved',
  'x87 floating-point error',
  'alignment check',
  'machine check',
  'SIMD floating-point error',
  'virtualization exception',
  'control protection',
]);

const MACHINE_CHECK = 18;

/** Reports the exception and ends the node. */
export function onException(frame: ExceptionFrame): never {
  beginCrash();
  print('exception ');
  printDecimal(frame.vector);
  const vector = u32(frame.vector);
  if (vector < names.length) {
    print(' (');
    print(names.get(vector));
    print(')');
  }
  printRegister('error code', frame.errorCode);
  endLine();
  printRegisters(frame);
  if (vector === MACHINE_CHECK) printBanks();
  printPlace('at', frame.rip);
  printBacktrace(frame.rbp);
  endCrash();
}

function printRegisters(frame: ExceptionFrame): void {
  printRow('rip', u64(frame.rip), 'rsp', frame.rsp, 'rflags', frame.rflags);
  printRow('rax', frame.rax, 'rbx', frame.rbx, 'rcx', frame.rcx);
  printRow('rdx', frame.rdx, 'rsi', frame.rsi, 'rdi', frame.rdi);
  printRow('rbp', u64(frame.rbp), 'r8', frame.r8, 'r9', frame.r9);
  printRow('r10', frame.r10, 'r11', frame.r11, 'r12', frame.r12);
  printRow('r13', frame.r13, 'r14', frame.r14, 'r15', frame.r15);
  printRow('cr2', readCr2(), 'cr3', readCr3(), 'cs', frame.cs);
}
