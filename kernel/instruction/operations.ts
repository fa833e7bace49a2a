/** What each operation makes of its two operands (APM 3). The destination is the first one. */
import { table, u64 } from '../../transpiler/lib/index.js';
import { CARRY, difference, logic, setCarry, sum } from './flags.js';
import { Operation, OPERATIONS } from './instruction.js';
import type { Outcome } from './outcome.js';
import { RegisterNumber } from './registers.js';

/** Returns the result for the destination; sets flags, and what goes to a register besides that. */
type Compute = (outcome: Outcome, destination: u64, source: u64) => u64;

/** What is not named moves: MOV, and a string instruction. */
export const operations = table<Compute>(OPERATIONS, move, {
  [Operation.add]: add,
  [Operation.or]: or,
  [Operation.adc]: addWithCarry,
  [Operation.sbb]: subtractWithBorrow,
  [Operation.and]: and,
  [Operation.sub]: subtract,
  [Operation.xor]: xor,
  [Operation.cmp]: compare,
  [Operation.test]: test,
  [Operation.not]: not,
  [Operation.neg]: negate,
  [Operation.inc]: increment,
  [Operation.dec]: decrement,
  [Operation.exchange]: exchange,
  [Operation.exchangeAdd]: exchangeAdd,
  [Operation.compareExchange]: compareExchange,
  [Operation.bitTest]: bitTest,
  [Operation.bitSet]: bitSet,
  [Operation.bitReset]: bitReset,
  [Operation.bitComplement]: bitComplement,
});

function move(_outcome: Outcome, _destination: u64, source: u64): u64 {
  return source;
}

function add(outcome: Outcome, destination: u64, source: u64): u64 {
  return sum(outcome, destination, source, 0n);
}

function addWithCarry(outcome: Outcome, destination: u64, source: u64): u64 {
  return sum(outcome, destination, source, outcome.flags & CARRY);
}

function subtract(outcome: Outcome, destination: u64, source: u64): u64 {
  return difference(outcome, destination, source, 0n);
}

function subtractWithBorrow(outcome: Outcome, destination: u64, source: u64): u64 {
  return difference(outcome, destination, source, outcome.flags & CARRY);
}

function compare(outcome: Outcome, destination: u64, source: u64): u64 {
  difference(outcome, destination, source, 0n);
  return destination;
}

function and(outcome: Outcome, destination: u64, source: u64): u64 {
  return logic(outcome, destination & source);
}

function or(outcome: Outcome, destination: u64, source: u64): u64 {
  return logic(outcome, destination | source);
}

function xor(outcome: Outcome, destination: u64, source: u64): u64 {
  return logic(outcome, destination ^ source);
}

function test(outcome: Outcome, destination: u64, source: u64): u64 {
  logic(outcome, destination & source);
  return destination;
}

/** It sets no flags. */
function not(outcome: Outcome, destination: u64, _source: u64): u64 {
  return destination ^ outcome.mask;
}

function negate(outcome: Outcome, destination: u64, _source: u64): u64 {
  return difference(outcome, 0n, destination, 0n);
}

/** INC and DEC leave CF as it is. */
function increment(outcome: Outcome, destination: u64, _source: u64): u64 {
  const hadCarry = (outcome.flags & CARRY) !== 0n;
  const result = sum(outcome, destination, 1n, 0n);
  setCarry(outcome, hadCarry);
  return result;
}

function decrement(outcome: Outcome, destination: u64, _source: u64): u64 {
  const hadCarry = (outcome.flags & CARRY) !== 0n;
  const result = difference(outcome, destination, 1n, 0n);
  setCarry(outcome, hadCarry);
  return result;
}

function exchange(outcome: Outcome, destination: u64, source: u64): u64 {
  outcome.loaded = destination;
  outcome.setsRegister = true;
  return source;
}

function exchangeAdd(outcome: Outcome, destination: u64, source: u64): u64 {
  outcome.loaded = destination;
  outcome.setsRegister = true;
  return sum(outcome, destination, source, 0n);
}

/** CMPXCHG writes in any case, what was there if RAX had another value. */
function compareExchange(outcome: Outcome, destination: u64, source: u64): u64 {
  difference(outcome, outcome.accumulator, destination, 0n);
  if (outcome.accumulator === destination) return source;
  outcome.loaded = destination;
  outcome.register = RegisterNumber.rax;
  outcome.isHighByte = false;
  outcome.setsRegister = true;
  return destination;
}

/** The processor has moved the address to where the bit is: only the bit within the operand is left to choose. */
function bitTest(outcome: Outcome, destination: u64, source: u64): u64 {
  setCarry(outcome, (destination & bitOf(outcome, source)) !== 0n);
  return destination;
}

function bitSet(outcome: Outcome, destination: u64, source: u64): u64 {
  return bitTest(outcome, destination, source) | bitOf(outcome, source);
}

function bitReset(outcome: Outcome, destination: u64, source: u64): u64 {
  return bitTest(outcome, destination, source) & u64(~bitOf(outcome, source));
}

function bitComplement(outcome: Outcome, destination: u64, source: u64): u64 {
  return bitTest(outcome, destination, source) ^ bitOf(outcome, source);
}

/** Bit `number`, modulo the width of the operands: 16, 32 or 64 bits. */
function bitOf(outcome: Outcome, number: u64): u64 {
  const last: u64 = outcome.mask > 0xffff_ffffn ? 63n : outcome.mask > 0xffffn ? 31n : 15n;
  return 1n << (number & last);
}
