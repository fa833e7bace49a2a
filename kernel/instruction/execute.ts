/**
 * Does a decoded instruction for the guest, in steps between which the caller reads and writes the memory:
 *
 *   hasNothingToDo  ->  [read]  ->  compute  ->  [write]  ->  complete
 *
 * Nothing of the guest has changed until `complete`, so that a write may still be refused.
 */
import { local, min32, u64, type u32 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';
import { FIRST_HIGH_BYTE, Operation, OPERATIONS, SegmentNumber, WRITES, type Instruction } from './instruction.js';
import { LOAD, OPERATION } from './opcodes.js';
import { operations } from './operations.js';
import { Operands, type Outcome } from './outcome.js';
import { accessOf, hasImmediate, isLoad, isRepeated, isSigned, isString, operationOf, segmentOf } from './parts.js';
import { generalRegister, RegisterNumber, setHighByte, setLowBytes, widthMask } from './registers.js';

/** RFLAGS.DF: string instructions go down. */
const DIRECTION = 1n << 10n;

/** Whether it is a repeated string instruction whose count is 0: it is done without an access. */
export function hasNothingToDo(instruction: Instruction, registers: Registers): boolean {
  return isRepeated(instruction) && addressRegister(instruction, registers, RegisterNumber.rcx) === 0n;
}

/** Whether it is a MOV to memory: `storedValue` goes there, and nothing else changes. */
export function isStore(instruction: Instruction): boolean {
  return (instruction.form & (OPERATION | LOAD)) === Operation.move;
}

/** What a MOV writes to memory. */
export function storedValue(instruction: Instruction, registers: Registers): u64 {
  return otherOperand(instruction, registers);
}

/**
 * Computes what the instruction writes, to memory and to a register. `present` is what it read from memory; of a MOVS,
 * which reads one place and writes another, it is what is moved. `outcome.flags` are the guest's.
 */
export function compute(outcome: Outcome, instruction: Instruction, registers: Registers, present: u64): void {
  if (operationOf(instruction) !== Operation.move) {
    operate(outcome, instruction, registers, present);
  } else if (isLoad(instruction)) {
    outcome.setsRegister = true;
    outcome.register = instruction.register;
    outcome.loaded = isSigned(instruction) ? signExtended(present, instruction.bytes) : present;
  } else {
    outcome.written = otherOperand(instruction, registers);
  }
}

function operate(outcome: Outcome, instruction: Instruction, registers: Registers, present: u64): void {
  const operation = operationOf(instruction);
  const loads = isLoad(instruction);
  const other = otherOperand(instruction, registers);
  const operands = local(Operands);
  operands.flags = outcome.flags;
  operands.mask = widthMask(instruction.bytes);
  operands.sign = signBit(instruction.bytes);
  operands.accumulator = registers.rax & operands.mask;
  const result = operations.get(operation < OPERATIONS ? operation : 0)(
    operands,
    loads ? other : present,
    loads || operation === Operation.moveString ? present : other,
  );
  outcome.flags = operands.flags;
  outcome.written = result;
  outcome.loaded = loads ? result : present;
  outcome.register = operands.setsAccumulator ? RegisterNumber.rax : instruction.register;
  outcome.setsRegister = operands.exchanges || operands.setsAccumulator || (loads && operation !== Operation.cmp);
}

/** Changes the registers. Returns how far the guest's RIP moves: not at all while a repeated instruction has more to do. */
export function complete(outcome: Outcome, instruction: Instruction, registers: Registers): u32 {
  if (outcome.setsRegister) {
    const register = outcome.register;
    if (register >= FIRST_HIGH_BYTE) setHighByte(registers, register - FIRST_HIGH_BYTE, outcome.loaded);
    else setLowBytes(registers, register, instruction.registerBytes, outcome.loaded);
  }
  if (!isString(instruction)) return instruction.length;
  advance(instruction, registers, outcome.flags);
  if (!isRepeated(instruction)) return instruction.length;
  const left = u64(addressRegister(instruction, registers, RegisterNumber.rcx) - 1n);
  setLowBytes(registers, RegisterNumber.rcx, instruction.addressBytes, left);
  return hasNothingToDo(instruction, registers) ? instruction.length : 0;
}

/** Where in its segment the operand of a MOVS lies that is not the trapped one. */
export function otherOffset(instruction: Instruction, registers: Registers): u64 {
  const isSource = accessOf(instruction) === WRITES;
  return addressRegister(instruction, registers, isSource ? RegisterNumber.rsi : RegisterNumber.rdi);
}

/** In which segment it lies. */
export function otherSegment(instruction: Instruction): u32 {
  return accessOf(instruction) === WRITES ? segmentOf(instruction) : SegmentNumber.es;
}

/** The immediate, or the register. */
function otherOperand(instruction: Instruction, registers: Registers): u64 {
  const mask = widthMask(instruction.bytes);
  if (hasImmediate(instruction)) return instruction.immediate & mask;
  const register = instruction.register;
  if (register < FIRST_HIGH_BYTE) return generalRegister(registers, register) & mask;
  return (generalRegister(registers, register - FIRST_HIGH_BYTE) >> 8n) & mask;
}

/** Moves RSI, RDI or both to the next element. */
function advance(instruction: Instruction, registers: Registers, flags: u64): void {
  const operation = operationOf(instruction);
  const bytes = u64(instruction.bytes);
  const step: u64 = (flags & DIRECTION) === 0n ? bytes : u64(0n - bytes);
  if (operation !== Operation.storeString) moveOn(instruction, registers, RegisterNumber.rsi, step);
  if (operation !== Operation.loadString) moveOn(instruction, registers, RegisterNumber.rdi, step);
}

function moveOn(instruction: Instruction, registers: Registers, number: u32, step: u64): void {
  setLowBytes(registers, number, instruction.addressBytes, u64(generalRegister(registers, number) + step));
}

/** A register that string instructions use, as wide as addresses are. */
function addressRegister(instruction: Instruction, registers: Registers, number: u32): u64 {
  return generalRegister(registers, number) & widthMask(instruction.addressBytes);
}

function signBit(bytes: u32): u64 {
  return 1n << ((8n * u64(min32(bytes, 8)) - 1n) & 63n);
}

/** A value of `bytes` bytes. */
function signExtended(value: u64, bytes: u32): u64 {
  const sign = signBit(bytes);
  return u64((value ^ sign) - sign);
}
