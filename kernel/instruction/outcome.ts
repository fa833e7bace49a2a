/** What an instruction does with a value of the trapped memory, before anything of it is done. */
import { at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

export const Outcome = struct(
  'Outcome',
  { size: 32 },
  {
    /** RFLAGS: the guest's before, and then with what the instruction makes of them. */
    flags: at(0, U64),
    /** What is written to memory, by an instruction that writes. */
    written: at(8, U64),
    /** What goes to a general register, and to which, where `setsRegister`. */
    loaded: at(16, U64),
    register: at(24, U32),
    setsRegister: at(28, BOOL),
  },
);
export type Outcome = Ref<typeof Outcome>;

/** What an operation works on, and what it does besides its result. */
export const Operands = struct(
  'Operands',
  { size: 40 },
  {
    /** RFLAGS, before and behind. */
    flags: at(0, U64),
    /** The bits of the operands, and the highest one of them. */
    mask: at(8, U64),
    sign: at(16, U64),
    /** RAX of that width, with which CMPXCHG compares. */
    accumulator: at(24, U64),
    /** Whether the former destination goes to the register that was the source, or to the accumulator. */
    exchanges: at(32, BOOL),
    setsAccumulator: at(33, BOOL),
  },
);
export type Operands = Ref<typeof Operands>;
