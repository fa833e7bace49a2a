/** The computed effect of an instruction on a value of the intercepted memory, before anything changes. */
import { at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

export const Outcome = struct(
  'Outcome',
  { size: 32 },
  {
    /** RFLAGS of the guest, before and then after the instruction. */
    flags: at(0, U64),
    /** The value written to memory, if the instruction writes. */
    written: at(8, U64),
    /** The value for a general register, and which one, if `setsRegister`. */
    loaded: at(16, U64),
    register: at(24, U32),
    setsRegister: at(28, BOOL),
  },
);
export type Outcome = Ref<typeof Outcome>;

/** The operands of an operation, and its effects besides the result. */
export const Operands = struct(
  'Operands',
  { size: 40 },
  {
    /** RFLAGS, before and then after the operation. */
    flags: at(0, U64),
    /** Mask of the operands' bits, and the highest of them. */
    mask: at(8, U64),
    sign: at(16, U64),
    /** RAX in that width, with which CMPXCHG compares. */
    accumulator: at(24, U64),
    /** Whether the old destination goes to the source register, or to the accumulator. */
    exchanges: at(32, BOOL),
    setsAccumulator: at(33, BOOL),
  },
);
export type Operands = Ref<typeof Operands>;
