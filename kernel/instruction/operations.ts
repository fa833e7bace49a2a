/** The effect of each operation on its two operands (APM 3). The first one is the destination. */
import { table, u64 } from '../../transpiler/lib/index.js';
import { CARRY, difference, logic, setCarry, sum } from './flags.js';
import { Operation, OPERATIONS } from './instruction.js';
import type { Operands } from './outcome.js';

/** Returns the result for the destination. Sets the flags, and whether the old destination goes to a register. */
type Compute = (operands: Operands, destination: u64, source: u64) => u64;

/** The function of each operation. MOV and string instructions, which are not listed, move. */
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

function move(_operands: Operands, _destination: u64, source: u64): u64 {
  return source;
}

function add(operands: Operands, destination: u64, source: u64): u64 {
  return sum(operands, destination, source, 0n);
}

function addWithCarry(operands: Operands, destination: u64, source: u64): u64 {
  return sum(operands, destination, source, operands.flags & CARRY);
}

function subtract(operands: Operands, destination: u64, source: u64): u64 {
  return difference(operands, destination, source, 0n);
}

function subtractWithBorrow(operands: Operands, destination: u64, source: u64): u64 {
  return difference(operands, destination, source, operands.flags & CARRY);
}

function compare(operands: Operands, destination: u64, source: u64): u64 {
  difference(operands, destination, source, 0n);
  return destination;
}

function and(operands: Operands, destination: u64, source: u64): u64 {
  return logic(operands, destination & source);
}

function or(operands: Operands, destination: u64, source: u64): u64 {
  return logic(operands, destination | source);
}

function xor(operands: Operands, destination: u64, source: u64): u64 {
  return logic(operands, destination ^ source);
}

function test(operands: Operands, destination: u64, source: u64): u64 {
  logic(operands, destination & source);
  return destination;
}

/** Inverts all bits. Sets no flags. */
function not(operands: Operands, destination: u64, _source: u64): u64 {
  return destination ^ operands.mask;
}

function negate(operands: Operands, destination: u64, _source: u64): u64 {
  return difference(operands, 0n, destination, 0n);
}

/** Adds 1 without changing CF, as INC does. DEC keeps CF as well. */
function increment(operands: Operands, destination: u64, _source: u64): u64 {
  const hadCarry = (operands.flags & CARRY) !== 0n;
  const result = sum(operands, destination, 1n, 0n);
  setCarry(operands, hadCarry);
  return result;
}

function decrement(operands: Operands, destination: u64, _source: u64): u64 {
  const hadCarry = (operands.flags & CARRY) !== 0n;
  const result = difference(operands, destination, 1n, 0n);
  setCarry(operands, hadCarry);
  return result;
}

function exchange(operands: Operands, destination: u64, source: u64): u64 {
  operands.exchanges = true;
  return source;
}

function exchangeAdd(operands: Operands, destination: u64, source: u64): u64 {
  operands.exchanges = true;
  return sum(operands, destination, source, 0n);
}

/** Compares and exchanges. CMPXCHG always writes: the old value, if RAX had another one. */
function compareExchange(operands: Operands, destination: u64, source: u64): u64 {
  difference(operands, operands.accumulator, destination, 0n);
  if (operands.accumulator === destination) return source;
  operands.setsAccumulator = true;
  return destination;
}

/**
 * Tests a bit. The processor has added the bit's distance to the address, so only the bit within the operand remains to
 * be selected.
 */
function bitTest(operands: Operands, destination: u64, source: u64): u64 {
  setCarry(operands, (destination & bitOf(operands, source)) !== 0n);
  return destination;
}

function bitSet(operands: Operands, destination: u64, source: u64): u64 {
  return bitTest(operands, destination, source) | bitOf(operands, source);
}

function bitReset(operands: Operands, destination: u64, source: u64): u64 {
  return bitTest(operands, destination, source) & u64(~bitOf(operands, source));
}

function bitComplement(operands: Operands, destination: u64, source: u64): u64 {
  return bitTest(operands, destination, source) ^ bitOf(operands, source);
}

/** The mask of bit `number`, modulo the width of the operands: 16, 32 or 64 bits. */
function bitOf(operands: Operands, number: u64): u64 {
  const last: u64 = operands.mask > 0xffff_ffffn ? 63n : operands.mask > 0xffffn ? 31n : 15n;
  return 1n << (number & last);
}
