/** Bounds the stack that the image needs, for each stack of runtime-c/stacks.asm. */
import type { Program } from '../../transpiler/ir/nodes.js';
import { stackBounds, StackError, type AssemblyFunction, type StackBound } from '../../transpiler/program/stack.js';
import { ExitCode, UserError } from '../errors.js';

export interface StackUse {
  /** The most that is used, and the size of the stack, in bytes. */
  readonly bytes: number;
  readonly limit: number;
  /** The calls that use the most, the entry first. */
  readonly path: readonly string[];
}

export interface StackReport {
  /** The stack for start-up and exit handlers, including an exception in them. */
  readonly main: StackUse;
  /** The stacks for NMI, double fault and machine check (IST). */
  readonly exception: StackUse;
}

const MAIN_BYTES = 0x4000;
const EXCEPTION_BYTES = 0x1000;

const WORD = 8;
/** The stack frame of an exception (APM 2, 8.9.3), with the word for alignment and the two words of the stub. */
const EXCEPTION_FRAME = 5 * WORD + WORD + 2 * WORD;
const SAVED_REGISTERS = 15 * WORD;

/** The assembly functions of runtime-c/. Their bytes include return addresses. */
const ASSEMBLY: readonly AssemblyFunction[] = [
  { symbol: 'tsvm_entry', bytes: 0, calls: ['tsvm_start'] },
  { symbol: 'tsvm_efi_entry', bytes: 0, calls: ['tsvm_start_efi', 'tsvm_virtualize'] },
  { symbol: 'tsvm_trampoline', bytes: 0, calls: ['tsvm_processor_start'] },
  { symbol: 'tsvm_svm_run', bytes: 2 * WORD, calls: ['tsvm_svm_exit', 'tsvm_svm_called'] },
  { symbol: 'tsvm_vmx_run', bytes: 4 * WORD, calls: ['tsvm_vmx_cpuid', 'tsvm_vmx_exit', 'tsvm_vmx_entry_refused'] },
  { symbol: 'tsvm_relocate', bytes: WORD, calls: [] },
  { symbol: 'tsvm_efi_call', bytes: 11 * WORD, calls: [] },
  { symbol: 'tsvm_efi_leave', bytes: WORD, calls: [] },
  { symbol: 'tsvm_efi_virtualize', bytes: 10 * WORD, calls: [] },
  { symbol: 'tsvm_try_rdmsr', bytes: WORD + EXCEPTION_FRAME, calls: [] },
  { symbol: 'tsvm_try_hypercall', bytes: 2 * WORD + EXCEPTION_FRAME, calls: [] },
  { symbol: 'tsvm_try_wrmsr', bytes: WORD + EXCEPTION_FRAME, calls: [] },
  { symbol: 'tsvm_try_xsetbv', bytes: WORD + EXCEPTION_FRAME, calls: [] },
  {
    symbol: 'tsvm_exception_stubs',
    bytes: EXCEPTION_FRAME + SAVED_REGISTERS,
    calls: ['tsvm_exception', 'tsvm_nmi', 'tsvm_security'],
  },
];

/**
 * Computes the bounds from gcc's call graph. Throws a UserError if a stack is too small or has no bound. An exception occurs
 * at most once, since its report never returns.
 */
export function stackReport(program: Program, graph: string): StackReport {
  const [entry, exception] = bounds(program, graph);
  const main = {
    bytes: entry.bytes + exception.bytes,
    limit: MAIN_BYTES,
    path: [...entry.path, ...exception.path].map(({ symbol }) => symbol),
  };
  const own = { bytes: exception.bytes, limit: EXCEPTION_BYTES, path: exception.path.map(({ symbol }) => symbol) };
  for (const { bytes, limit, path } of [main, own]) {
    if (bytes > limit) {
      throw new UserError(`${bytes} bytes of stack are more than ${limit}: ${path.join(' -> ')}`, ExitCode.refused);
    }
  }
  return { main, exception: own };
}

function bounds(program: Program, graph: string): readonly [StackBound, StackBound] {
  try {
    const entries = stackBounds(program, graph, ASSEMBLY, ['tsvm_entry', 'tsvm_trampoline', 'tsvm_efi_entry']);
    const [exception] = stackBounds(program, graph, ASSEMBLY, ['tsvm_exception_stubs']);
    const [deepest] = [...entries].sort((one, other) => other.bytes - one.bytes);
    if (deepest === undefined || exception === undefined) throw new StackError('an entry has no bound');
    return [deepest, exception];
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    throw new UserError(`the stack has no bound: ${error.message} (linker/toolchain/stack.ts)`, ExitCode.refused);
  }
}
