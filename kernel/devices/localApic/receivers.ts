/** Finds which processors a command of a local APIC reaches (SDM 3A 10.6.2; APM 2, 16.6). */
import { physical, u32 } from '../../../transpiler/lib/index.js';
import { ApicPage, apicPage, isX2Apic, XAPIC_FIELD_SHIFT } from '../../machine/localApic.js';
import type { Vcpu } from '../../vcpu/vcpu.js';

const XAPIC_BROADCAST = 0xff;
const X2APIC_BROADCAST = 0xffff_ffff;
/** DFR bits 31:28: all ones select the flat model; otherwise the high half of the byte is a cluster. */
const FLAT = 0xf;
const FORMAT_SHIFT = 28;
const EVERY_CLUSTER = 0xf;

/** Records the logical address of this processor, that of `vcpu`. In x2APIC mode it follows from the APIC ID. */
export function noteLogicalDestination(vcpu: Vcpu): void {
  if (isX2Apic()) return;
  const page = physical(ApicPage, apicPage());
  vcpu.svm.logicalDestination = page.logicalDestination;
  vcpu.svm.destinationFormat = page.destinationFormat;
}

/** Whether the physical `destination` is a broadcast. */
export function isBroadcast(destination: u32, isWide: boolean): boolean {
  return destination === (isWide ? X2APIC_BROADCAST : XAPIC_BROADCAST);
}

/** Whether the logical `destination` includes the processor of `vcpu`. */
export function namesLogically(destination: u32, isWide: boolean, vcpu: Vcpu): boolean {
  return isWide ? isInWideSet(destination, vcpu.apicId) : isInSet(destination & XAPIC_BROADCAST, vcpu);
}

/** Whether a logical destination in xAPIC mode includes the processor (SDM 3A 10.6.2.2). */
function isInSet(destination: u32, vcpu: Vcpu): boolean {
  const logical = vcpu.svm.logicalDestination >>> XAPIC_FIELD_SHIFT;
  const common = u32(destination & logical);
  if (destination === XAPIC_BROADCAST) return true;
  if (vcpu.svm.destinationFormat >>> FORMAT_SHIFT === FLAT) return common !== 0;
  const cluster = destination >>> 4;
  const isCluster = cluster === EVERY_CLUSTER || cluster === logical >>> 4;
  return isCluster && (common & 0xf) !== 0;
}

/**
 * Whether a logical destination in x2APIC mode includes the processor: it has a cluster, and a bit for each of its 16
 * processors (SDM 3A 10.12.10.2).
 */
function isInWideSet(destination: u32, apicId: u32): boolean {
  if (destination === X2APIC_BROADCAST) return true;
  const isCluster = u32(destination >>> 16) === ((apicId >>> 4) & 0xffff);
  return isCluster && u32(destination & (1 << (apicId & 0xf))) !== 0;
}
