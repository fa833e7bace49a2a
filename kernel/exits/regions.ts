/** Emulates the guest's accesses to memory regions that have an owner. */
import { hpa, requires, u16, u32, u64, u8, window } from '../../transpiler/lib/index.js';
import { Verdict, type Access } from '../access/access.js';
import { Answer } from '../access/answer.js';
import { OWNERS } from '../access/owner.js';
import { Event } from '../observe/events.js';
import { recordEvent } from '../report/events.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { mediate, refusal } from './mediate.js';

const WIDEST = 8;
const ONES = 0xffff_ffff_ffff_ffffn;

/** Of a page. */
const LAST_IN_PAGE = 0xfff;
const PAGE = 0x1000;

/**
 * Does `access`, of 1, 2, 4 or 8 bytes, of the guest of `vcpu` to a region of `owner`, if the owner's mediator permits.
 * The result of a read is in `value` then.
 */
export function accessRegion(vcpu: Vcpu, access: Access, owner: u32): Answer {
  requires(owner < OWNERS);
  if ((access.address & u64(u64(access.bytes) - 1n)) !== 0n && crossesPage(access)) {
    return refuseBorder(access.address, access.rip);
  }
  const verdict = mediate(vcpu, access, owner);
  return verdict === Verdict.done ? Answer.done : finish(access, verdict);
}

/** Does what is left of an access that the mediator has not done. */
function finish(access: Access, verdict: Verdict): Answer {
  if (verdict === Verdict.pass) passOn(access);
  else if (verdict === Verdict.ignore) access.value = ONES;
  else return refusal(verdict);
  return Answer.done;
}

function crossesPage(access: Access): boolean {
  return (u32(access.address) & LAST_IN_PAGE) + access.bytes > PAGE;
}

/**
 * Refuses an access of which a part is in another page than `address`: another owner might have that one, and no driver does
 * so.
 */
export function refuseBorder(address: u64, rip: u64): Answer {
  recordEvent(Event.regionBorder, address, rip);
  return Answer.generalProtection;
}

/**
 * Does the access in memory or on the device with the guest's width, since a device may answer each width differently.
 * `address` is the machine's.
 */
export function passOn(access: Access): void {
  if (access.isWrite) write(access);
  else access.value = read(access);
}

function read(access: Access): u64 {
  const place = window(hpa(access.address), WIDEST);
  if (access.bytes === 4) return u64(place.u32(0));
  if (access.bytes === 8) return place.u64(0);
  return access.bytes === 2 ? u64(place.u16(0)) : u64(place.u8(0));
}

function write(access: Access): void {
  const place = window(hpa(access.address), WIDEST);
  if (access.bytes === 4) place.setU32(0, u32(access.value));
  else if (access.bytes === 8) place.setU64(0, access.value);
  else if (access.bytes === 2) place.setU16(0, u16(access.value));
  else place.setU8(0, u8(access.value));
}
