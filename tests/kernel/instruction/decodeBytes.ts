import { MOST_BYTES, READABLE_BYTES, type CodeSize } from '../../../kernel/instruction/code.js';
import { decode } from '../../../kernel/instruction/decode.js';
import { Instruction } from '../../../kernel/instruction/instruction.js';
import { local, window } from '../../../transpiler/lib/index.js';
import { addMemory } from '../../../transpiler/lib/testing.js';

const CODE = 0x1000n;
const memory = addMemory(CODE, READABLE_BYTES);

/** Decodes `bytes`, of which `count` are there. */
export function decodeBytes(bytes: ArrayLike<number>, size: CodeSize, access: number, count = MOST_BYTES) {
  memory.fill(0xcc);
  memory.set(bytes);
  const instruction = local(Instruction);
  return { decoding: decode(instruction, window(CODE, READABLE_BYTES), count, size, access), instruction };
}
