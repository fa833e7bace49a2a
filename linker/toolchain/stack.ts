/** The stack that the image takes at most, on the stacks of runtime-c/stacks.asm. */
import type { Program } from '../../transpiler/ir/nodes.js';
import { stackBounds, StackError, type AssemblyFunction, type StackBound } from '../../transpiler/program/stack.js';
import { ExitCode, UserError } from '../errors.js';

export interface StackUse {
  /** What is used at most, and what there is, in bytes. */
  readonly bytes: number;
  readonly limit: number;
  /** The calls that lead there, the entry first. */
  readonly path: readonly string[];
}

export interface StackReport {
  /** Start-up, handlers of exits, and an exception in them. */
  readonly main: StackUse;
  /** NMI, double fault and machine check have a stack each (IST). */
  readonly exception: StackUse;
}

const MAIN_BYTES = 0x4000;
const EXCEPTION_BYTES = 0x1000;

const WORD = 8;
/** What the processor pushes at an exception (APM 2, 8.9.3), aligning the stack first, and the stub's two words. */
const EXCEPTION_FRAME = 5 * WORD + WORD + 2 * WORD;
const SAVED_REGISTERS = 15 * WORD;

/** The functions of runtime-c/, with their return addresses. */
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
 * The bounds, from gcc's graph of the unit. Throws a UserError where a stack is too small or nothing bounds it.
 * An exception comes at most once: its report never returns.
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
    throw new UserError(`the stack has no bound: ${error.message}`, ExitCode.refused);
  }
}
