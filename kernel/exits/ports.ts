/**
 * Emulates the guest's accesses to ports of which at least one has an owner. An access of several bytes goes to as many
 * ports: the mediator of each owner is asked, in ascending order of ports, and may change what is written. If all let
 * it pass, the access is done with the guest's width, since a chipset may answer each width differently.
 */
import { in16, in32, in8, local, out16, out32, out8, requires, u16, u32, u64, u8 } from '../../transpiler/lib/index.js';
import { Access, Verdict } from '../access/access.js';
import { Answer } from '../access/answer.js';
import { Owner } from '../access/owner.js';
import { ownerOfPort } from '../access/ports.js';
import { Event } from '../observe/events.js';
import { recordEvent } from '../report/events.js';
import type { Registers, Vcpu } from '../vcpu/vcpu.js';
import { mediate, refusal } from './mediate.js';

/** Most bytes of a port access. */
const MOST_WIDTH = 4;
const MASK_8 = 0xffn;
const MASK_16 = 0xffffn;
const ONES = 0xffff_ffffn;

/** Emulates IN: reads `width` bytes from `port` into RAX. A 32-bit result clears the upper half (SDM 1 3.4.1.1). */
export function readPort(vcpu: Vcpu, port: u16, width: u32, rip: u64): Answer {
  requires(width <= MOST_WIDTH);
  const access = local(Access);
  access.address = u64(port);
  access.bytes = width;
  access.rip = rip;
  const verdict = askOwners(vcpu, access);
  if (verdict === Verdict.pass) access.value = input(port, width);
  else if (verdict === Verdict.ignore) access.value = ONES;
  else if (verdict !== Verdict.done) return refusal(verdict);
  setAccumulator(vcpu.registers, access.value, width);
  return Answer.done;
}

/** Emulates OUT: writes `width` bytes of RAX to `port`. */
export function writePort(vcpu: Vcpu, port: u16, width: u32, rip: u64): Answer {
  requires(width <= MOST_WIDTH);
  const access = local(Access);
  access.address = u64(port);
  access.value = vcpu.registers.rax & ONES;
  access.bytes = width;
  access.isWrite = true;
  access.rip = rip;
  const verdict = askOwners(vcpu, access);
  if (verdict === Verdict.pass) output(port, u32(access.value), width);
  else if (verdict !== Verdict.done && verdict !== Verdict.ignore) return refusal(verdict);
  return Answer.done;
}

/** Refuses INS and OUTS with #GP: no system needs them here, and their data would have to be read from guest memory. */
export function refuseString(port: u16, rip: u64): Answer {
  recordEvent(Event.portString, u64(port), rip);
  return Answer.generalProtection;
}

/** Asks the owners of the ports. The first verdict other than `pass` decides. */
function askOwners(vcpu: Vcpu, access: Access): Verdict {
  const first = ownerOfPort(u16(access.address));
  const verdict: Verdict = first === Owner.guest ? Verdict.pass : mediate(vcpu, access, first);
  return access.bytes === 1 || verdict !== Verdict.pass ? verdict : askOtherOwners(vcpu, access);
}

/** Asks the owners of all ports but the first one, once for neighbouring ports of one owner. */
function askOtherOwners(vcpu: Vcpu, access: Access): Verdict {
  let asked: u32 = ownerOfPort(u16(access.address));
  for (let i: u32 = 1; i < MOST_WIDTH && i < access.bytes; i++) {
    const owner = ownerOfPort(u16(access.address + u64(i)));
    if (owner === Owner.guest || owner === asked) continue;
    asked = owner;
    const verdict = mediate(vcpu, access, owner);
    if (verdict !== Verdict.pass) return verdict;
  }
  return Verdict.pass;
}

function input(port: u16, width: u32): u64 {
  if (width === 1) return u64(in8(port));
  return width === 2 ? u64(in16(port)) : u64(in32(port));
}

function output(port: u16, value: u32, width: u32): void {
  if (width === 1) out8(port, u8(value));
  else if (width === 2) out16(port, u16(value));
  else out32(port, value);
}

function setAccumulator(registers: Registers, value: u64, width: u32): void {
  if (width === 1) registers.rax = (registers.rax & u64(~MASK_8)) | (value & MASK_8);
  else if (width === 2) registers.rax = (registers.rax & u64(~MASK_16)) | (value & MASK_16);
  else registers.rax = value & ONES;
}
