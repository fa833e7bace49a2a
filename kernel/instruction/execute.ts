/**
 * Executes a decoded instruction for the guest, in steps. The caller reads and writes the memory between them:
 *
 * hasNothingToDo  ->  [read]  ->  compute  ->  [write]  ->  complete
 *
 * or, for a MOV, storedValue  ->  [write], or [read]  ->  loadRegister.
 * The guest's registers do not change before `complete`, so a write can still be refused.
 */
import { local, min32, u64, type u32 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';
import { FIRST_HIGH_BYTE, Operation, OPERATIONS, SegmentNumber, WRITES, type Instruction } from './instruction.js';
import { LOAD, OPERATION } from './opcodes.js';
import { operations } from './operations.js';
import { Operands, type Outcome } from './outcome.js';
import { accessOf, hasImmediate, isLoad, isRepeated, isSigned, isString, operationOf, segmentOf } from './parts.js';
import { generalRegister, RegisterNumber, setHighByte, setLowBytes, widthMask } from './registers.js';

/** RFLAGS.DF: string instructions move towards lower addresses. */
const DIRECTION = 1n << 10n;

/** Whether the instruction is a repeated string instruction with a count of 0, which accesses no memory. */
export function hasNothingToDo(instruction: Instruction, registers: Registers): boolean {
  return isRepeated(instruction) && addressRegister(instruction, registers, RegisterNumber.rcx) === 0n;
}

/** Whether the instruction is a MOV of any kind, which changes no flags: it writes storedValue(), or loads a register. */
export function isMov(instruction: Instruction): boolean {
  return operationOf(instruction) === Operation.move;
}

/** Whether it is a MOV to memory. */
export function isStore(instruction: Instruction): boolean {
  return (instruction.form & (OPERATION | LOAD)) === Operation.move;
}

/** The value that a MOV writes to memory. */
export function storedValue(instruction: Instruction, registers: Registers): u64 {
  return otherOperand(instruction, registers);
}

/** Sets the register that a MOV loads to `value`, which was read from memory. */
export function loadRegister(instruction: Instruction, registers: Registers, value: u64): void {
  const loaded = isSigned(instruction) ? signExtended(value, instruction.bytes) : value;
  setRegister(registers, instruction.register, instruction.registerBytes, loaded);
}

function setRegister(registers: Registers, register: u32, bytes: u32, value: u64): void {
  if (register >= FIRST_HIGH_BYTE) setHighByte(registers, register - FIRST_HIGH_BYTE, value);
  else setLowBytes(registers, register, bytes, value);
}

/**
 * Computes what an instruction that is no MOV writes to memory and to a register. `present` is the value read from memory;
 * for a MOVS, which reads and writes different memory, it is the value to move. `outcome.flags` are the guest's flags.
 */
export function compute(outcome: Outcome, instruction: Instruction, registers: Registers, present: u64): void {
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

/** Changes the registers. Returns the distance that the guest's RIP moves: 0 while a repeated instruction continues. */
export function complete(outcome: Outcome, instruction: Instruction, registers: Registers): u32 {
  if (outcome.setsRegister) setRegister(registers, outcome.register, instruction.registerBytes, outcome.loaded);
  if (!isString(instruction)) return instruction.length;
  advance(instruction, registers, outcome.flags);
  if (!isRepeated(instruction)) return instruction.length;
  const left = u64(addressRegister(instruction, registers, RegisterNumber.rcx) - 1n);
  setLowBytes(registers, RegisterNumber.rcx, instruction.addressBytes, left);
  return hasNothingToDo(instruction, registers) ? instruction.length : 0;
}

/** Offset, in its segment, of the operand of a MOVS that is not the intercepted one. */
export function otherOffset(instruction: Instruction, registers: Registers): u64 {
  const isSource = accessOf(instruction) === WRITES;
  return addressRegister(instruction, registers, isSource ? RegisterNumber.rsi : RegisterNumber.rdi);
}

/** Segment of that operand. */
export function otherSegment(instruction: Instruction): u32 {
  return accessOf(instruction) === WRITES ? segmentOf(instruction) : SegmentNumber.es;
}

/** The second operand: the immediate or the register. */
function otherOperand(instruction: Instruction, registers: Registers): u64 {
  const mask = widthMask(instruction.bytes);
  if (hasImmediate(instruction)) return instruction.immediate & mask;
  const register = instruction.register;
  if (register < FIRST_HIGH_BYTE) return generalRegister(registers, register) & mask;
  return (generalRegister(registers, register - FIRST_HIGH_BYTE) >> 8n) & mask;
}

/** Advances RSI, RDI or both to the next element. */
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

/** A register that string instructions use, cut to the width of addresses. */
function addressRegister(instruction: Instruction, registers: Registers, number: u32): u64 {
  return generalRegister(registers, number) & widthMask(instruction.addressBytes);
}

function signBit(bytes: u32): u64 {
  return 1n << ((8n * u64(min32(bytes, 8)) - 1n) & 63n);
}

/** Sign-extends a value of `bytes` bytes. */
function signExtended(value: u64, bytes: u32): u64 {
  const sign = signBit(bytes);
  return u64((value ^ sign) - sign);
}
