/**
 * Does a decoded instruction for the guest, in steps between which the caller reads and writes the memory:
 *
 *   hasNothingToDo  ->  [read]  ->  compute  ->  [write]  ->  complete
 *
 * Nothing of the guest has changed until `complete`, so that a write may still be refused.
 */
import { min32, u64, type u32 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';
import { isString, Operation, OPERATIONS, SegmentNumber, WRITES, type Instruction } from './instruction.js';
import { operations } from './operations.js';
import type { Outcome } from './outcome.js';
import { generalRegister, RegisterNumber, setHighByte, setLowBytes, widthMask } from './registers.js';

/** RFLAGS.DF: string instructions go down. */
const DIRECTION = 1n << 10n;

/** Whether it is a repeated string instruction whose count is 0: it is done without an access. */
export function hasNothingToDo(instruction: Instruction, registers: Registers): boolean {
  return instruction.repeats && addressRegister(instruction, registers, RegisterNumber.rcx) === 0n;
}

/**
 * Computes what the instruction writes, to memory and to a register. `present` is what it read from memory; of a MOVS,
 * which reads one place and writes another, it is what is moved. `outcome.flags` are the guest's.
 */
export function compute(outcome: Outcome, instruction: Instruction, registers: Registers, present: u64): void {
  const operation = instruction.operation;
  const bytes = instruction.bytes;
  const isLoad = instruction.isLoad;
  const other = otherOperand(instruction, registers);
  outcome.register = instruction.register;
  outcome.isHighByte = instruction.isHighByte;
  if (operation === Operation.move) {
    outcome.setsRegister = isLoad;
    if (isLoad) outcome.loaded = instruction.isSigned ? signExtended(present, bytes) : present;
    else outcome.written = other;
    return;
  }
  outcome.mask = widthMask(bytes);
  outcome.sign = signBit(bytes);
  outcome.accumulator = registers.rax & outcome.mask;
  outcome.setsRegister = isLoad && operation !== Operation.cmp;
  const result = operations.get(operation < OPERATIONS ? operation : 0)(
    outcome,
    isLoad ? other : present,
    isLoad || operation === Operation.moveString ? present : other,
  );
  if (isLoad) outcome.loaded = result;
  else outcome.written = result;
}

/** Changes the registers. Returns how far the guest's RIP moves: not at all while a repeated instruction has more to do. */
export function complete(outcome: Outcome, instruction: Instruction, registers: Registers): u32 {
  if (outcome.setsRegister) {
    if (outcome.isHighByte) setHighByte(registers, outcome.register, outcome.loaded);
    else setLowBytes(registers, outcome.register, instruction.registerBytes, outcome.loaded);
  }
  if (!isString(instruction)) return instruction.length;
  advance(instruction, registers, outcome.flags);
  if (!instruction.repeats) return instruction.length;
  const left = u64(addressRegister(instruction, registers, RegisterNumber.rcx) - 1n);
  setLowBytes(registers, RegisterNumber.rcx, instruction.addressBytes, left);
  return hasNothingToDo(instruction, registers) ? instruction.length : 0;
}

/** Where in its segment the operand of a MOVS lies that is not the trapped one. */
export function otherOffset(instruction: Instruction, registers: Registers): u64 {
  const isSource = instruction.access === WRITES;
  return addressRegister(instruction, registers, isSource ? RegisterNumber.rsi : RegisterNumber.rdi);
}

/** In which segment it lies. */
export function otherSegment(instruction: Instruction): u32 {
  return instruction.access === WRITES ? instruction.segment : SegmentNumber.es;
}

/** The immediate, or the register. */
function otherOperand(instruction: Instruction, registers: Registers): u64 {
  if (instruction.hasImmediate) return instruction.immediate & widthMask(instruction.bytes);
  const value = generalRegister(registers, instruction.register);
  return (instruction.isHighByte ? value >> 8n : value) & widthMask(instruction.registerBytes);
}

/** Moves RSI, RDI or both to the next element. */
function advance(instruction: Instruction, registers: Registers, flags: u64): void {
  const operation = instruction.operation;
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
