/**
 * The guest's accesses to ports of which one is not its own. An access of several bytes goes to as many ports, one after the
 * other; each byte that is written to an owned port is its owner's to change. The access is then done as the guest wanted
 * it, with its width, since a chipset may answer each width in its own way.
 */
import { in16, in32, in8, out16, out32, out8, requires, table, u16, u32, u64, u8 } from '../../transpiler/lib/index.js';
import { ownerOf, PORT_OWNERS, PortOwner } from '../access/ports.js';
import type { Registers } from '../vcpu/vcpu.js';
import { Answer } from '../access/answer.js';
import { Event, recordEvent } from '../report/events.js';
import { sleepByteA, sleepByteB } from '../devices/sleep/mediator.js';

/** What an owner has written to its port in place of `byte`. */
type ChangeByte = (byte: u8, rip: u64) => u8;

const owners = table<ChangeByte>(PORT_OWNERS, keepByte, {
  [PortOwner.sleepA]: sleepByteA,
  [PortOwner.sleepB]: sleepByteB,
});

/** A register has room for so many bytes. */
const MOST_WIDTH = 4;

/** IN from `port` into as much of RAX as `width` bytes are; 32 bits clear what is above them (SDM 1 3.4.1.1). */
export function readPort(registers: Registers, port: u16, width: u32): Answer {
  if (width === 1) registers.rax = (registers.rax & ~0xffn) | u64(in8(port));
  else if (width === 2) registers.rax = (registers.rax & ~0xffffn) | u64(in16(port));
  else registers.rax = u64(in32(port));
  return Answer.done;
}

/** OUT of `width` bytes of RAX to `port`. */
export function writePort(registers: Registers, port: u16, width: u32, rip: u64): Answer {
  requires(width <= MOST_WIDTH);
  const value = changed(u32(registers.rax), port, width, rip);
  if (width === 1) out8(port, u8(value));
  else if (width === 2) out16(port, u16(value));
  else out32(port, value);
  return Answer.done;
}

/** INS and OUTS raise #GP: no system has a use for them here, and the bytes would have to be fetched from its memory. */
export function refuseString(port: u16, rip: u64): Answer {
  recordEvent(Event.portString, u64(port), rip);
  return Answer.generalProtection;
}

function changed(value: u32, port: u16, width: u32, rip: u64): u32 {
  requires(width <= MOST_WIDTH);
  let result: u32 = value;
  for (let i: u32 = 0; i < width; i++) {
    const owner = ownerOf(u16(port + i));
    if (owner === PortOwner.guest || owner >= PORT_OWNERS) continue;
    const byte = u8(value >>> (8 * i));
    const replaced = owners.get(owner)(byte, rip);
    result = u32(result ^ ((byte ^ replaced) << (8 * i)));
  }
  return result;
}

function keepByte(byte: u8, _rip: u64): u8 {
  return byte;
}
