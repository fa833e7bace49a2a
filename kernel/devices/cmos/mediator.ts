/**
 * Keeps the guest from writing the shutdown code, byte 0Fh of the real-time clock's CMOS memory. Firmware reads it after a
 * reset, and for some values continues at an address that it finds in memory, without the hypervisor: the BIOS of the AT for
 * 5, 9 and Ah, QEMU's firmware for FEh, a wake from S3.
 *
 * Only the index decides which byte is written, so only its ports are intercepted.
 */
import type { u32 } from '../../../transpiler/lib/index.js';
import { list, out8, U16, u16, u64 } from '../../../transpiler/lib/index.js';
import { Verdict, type Access } from '../../access/access.js';
import { Owner } from '../../access/owner.js';
import { ownerOfPort, ownPort } from '../../access/ports.js';
import type { Vcpu } from '../../vcpu/vcpu.js';

/**
 * The port of the index, and the ports at which chipsets show it again, or the index of more memory (Intel ICH10 datasheet,
 * 13.6.1; in AMD's chipsets 72h selects any byte).
 */
const indexPorts = list(U16, [0x70, 0x72, 0x74, 0x76]);
const INDEX = 0x70;
const DATA = 0x71;
/** The index is bits 6:0 of its port. Bit 7 masks NMIs. */
const INDEX_BITS = 0x7fn;
const SHUTDOWN_CODE = 0xf;
/** Register D of the clock, whose only bits that can be written are the day of an alarm that is seldom used. */
const HARMLESS = 0xd;
const BITS_OF_BYTE = 8;
/** Number of bytes of a port access at most. */
const MOST_BYTES = 4;

/** Takes the index from the guest and clears the shutdown code, so that a reset is an ordinary one. */
export function ownCmos(): void {
  out8(INDEX, SHUTDOWN_CODE);
  out8(DATA, 0);
  out8(INDEX, HARMLESS);
  for (let i: u32 = 0; i < indexPorts.length; i++) ownPort(indexPorts.get(i), Owner.cmosIndex);
}

/**
 * Answers an access of which a byte reaches the index. A guest that selects the shutdown code finds another byte: kernels
 * write the code before they start a processor, and do not read it.
 */
export function mediateCmosIndex(_vcpu: Vcpu, access: Access): Verdict {
  if (!access.isWrite) return Verdict.pass;
  for (let i: u32 = 0; i < MOST_BYTES && i < access.bytes; i++) {
    if (ownerOfPort(u16(access.address + u64(i))) !== Owner.cmosIndex) continue;
    const shift = u64(i * BITS_OF_BYTE) & 63n;
    if (((access.value >> shift) & INDEX_BITS) !== u64(SHUTDOWN_CODE)) continue;
    access.value = (access.value & u64(~(INDEX_BITS << shift))) | (u64(HARMLESS) << shift);
  }
  return Verdict.pass;
}
