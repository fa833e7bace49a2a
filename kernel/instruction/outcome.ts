/** What an instruction does with a value of the trapped memory, before anything of it is done. */
import { at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

export const Outcome = struct(
  'Outcome',
  { size: 56 },
  {
    /** RFLAGS: the guest's before, and then with what the instruction makes of them. */
    flags: at(0, U64),
    /** What is written to memory, by an instruction that writes. */
    written: at(8, U64),
    /** What goes to a general register, and to which, where `setsRegister`. */
    loaded: at(16, U64),
    register: at(24, U32),
    setsRegister: at(28, BOOL),
    /** That is bits 15:8 of the register. */
    isHighByte: at(29, BOOL),
    /** The bits of the operands, and the highest one of them. */
    mask: at(32, U64),
    sign: at(40, U64),
    /** RAX of that width, with which CMPXCHG compares. */
    accumulator: at(48, U64),
  },
);
export type Outcome = Ref<typeof Outcome>;
