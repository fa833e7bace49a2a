/** Emulates the guest's accesses to memory regions that have an owner. */
import { hpa, requires, u16, u32, u64, u8, window } from '../../transpiler/lib/index.js';
import { Verdict, type Access } from '../access/access.js';
import { OWNERS } from '../access/owner.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { mediate } from './mediate.js';

const WIDEST = 8;
const ONES = 0xffff_ffff_ffff_ffffn;

/**
 * Does `access`, of 1, 2, 4 or 8 bytes, of the guest of `vcpu` to a region of `owner`, if the owner's mediator permits.
 * Returns `done`, with the result of a read in `value`; or `fault` or `hold`, if nothing was done.
 */
export function accessRegion(vcpu: Vcpu, access: Access, owner: u32): Verdict {
  requires(owner < OWNERS);
  const verdict = mediate(vcpu, access, owner);
  if (verdict === Verdict.pass) passOn(access);
  else if (verdict === Verdict.ignore) access.value = ONES;
  else return verdict;
  return Verdict.done;
}

/** Does the access on the device with the guest's width, since a device may answer each width differently. */
function passOn(access: Access): void {
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
