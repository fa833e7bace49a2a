/** Properties of a decoded instruction, from the bits of its form. */
import type { u32 } from '../../transpiler/lib/index.js';
import { BOTH, Operation, type Instruction } from './instruction.js';
import {
  ACCESS_SHIFT,
  IMMEDIATE,
  LOAD,
  OPERATION,
  REPEAT,
  SEGMENT_NUMBER,
  SHORT_IMMEDIATE,
  SIGNED,
  STRING,
} from './opcodes.js';

export function operationOf(instruction: Instruction): u32 {
  return instruction.form & OPERATION;
}

/** The access to the intercepted memory: READS, WRITES or both. */
export function accessOf(instruction: Instruction): u32 {
  return (instruction.form >>> ACCESS_SHIFT) & BOTH;
}

/** Whether the destination is the register, not the memory. */
export function isLoad(instruction: Instruction): boolean {
  return (instruction.form & LOAD) !== 0;
}

/** Whether a loaded value is sign-extended to the register's width. If not, it is zero-extended. */
export function isSigned(instruction: Instruction): boolean {
  return (instruction.form & SIGNED) !== 0;
}

export function hasImmediate(instruction: Instruction): boolean {
  return (instruction.form & (IMMEDIATE | SHORT_IMMEDIATE)) !== 0;
}

/** Whether the instruction is MOVS, which accesses other memory, too. */
export function isMove(instruction: Instruction): boolean {
  return operationOf(instruction) === Operation.moveString;
}

/** Whether the instruction is MOVS, STOS or LODS. */
export function isString(instruction: Instruction): boolean {
  return (instruction.form & STRING) !== 0;
}

/** Whether a string instruction has a REP prefix. */
export function isRepeated(instruction: Instruction): boolean {
  return isString(instruction) && (instruction.prefixes & REPEAT) !== 0;
}

/** The segment of a string instruction's source: the one that a prefix names, DS without one. */
export function segmentOf(instruction: Instruction): u32 {
  return instruction.prefixes & SEGMENT_NUMBER;
}
