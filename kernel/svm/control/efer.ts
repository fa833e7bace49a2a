/** The guest's EFER: that of the processor, but with SVME clear (APM 2, 3.1.7). */
import { at, cpuid, instance, struct, u32, u64, U64 } from '../../../transpiler/lib/index.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { CR0_PG, EFER_LMA, EFER_LME, EFER_NXE } from '../../x86/registers.js';
import {
  EFER_AIBRSE,
  EFER_FFXSR,
  EFER_INTWB,
  EFER_MCOMMIT,
  EFER_SCE,
  EFER_SVME,
  EFER_TCE,
  EFER_UAIE,
} from './registers.js';
import type { Vmcb } from './vmcb.js';
import { Leaf } from '../../x86/cpuid.js';

/** Feature bits of CPUID 8000_0001H, 8000_0008H and 8000_0021H (APM 3, E.4). */
const EDX_NX = 1 << 20;
const EDX_FFXSR = 1 << 25;
const ECX_TCE = 1 << 17;
const EBX_MCOMMIT = 1 << 8;
const EBX_INT_WBINVD = 1 << 13;
const EAX_UPPER_ADDRESS_IGNORE = 1 << 7;
const EAX_AUTOMATIC_IBRS = 1 << 8;

const Efer = struct('GuestEfer', { size: 8 }, { writable: at(0, U64) });
const efer = instance(Efer);

/** Finds out, once, which bits may be written. A guest may later change what CPUID returns. */
export function learnEfer(): void {
  efer.writable = writableBits();
}

/** The value that RDMSR returns to the guest. */
export function guestEfer(vmcb: Vmcb): u64 {
  return vmcb.efer & u64(~EFER_SVME);
}

/** Emulates WRMSR of `value`. Returns false if it raises #GP. */
export function writeGuestEfer(vmcb: Vmcb, value: u64): boolean {
  if ((value & EFER_SVME) !== 0n) recordEvent(Event.svmEnable, value, vmcb.rip);
  if ((value & u64(~efer.writable)) !== 0n) return false;
  const present = vmcb.efer;
  const changesMode = ((value ^ present) & EFER_LME) !== 0n;
  if (changesMode && (vmcb.cr0 & CR0_PG) !== 0n) return false;
  vmcb.efer = (value & u64(~EFER_LMA)) | (present & EFER_LMA) | EFER_SVME;
  return true;
}

/**
 * The bits that may be written: those whose features CPUID announces. Writes to LMA are ignored, since the processor
 * sets it.
 */
function writableBits(): u64 {
  const features = cpuid(Leaf.extendedFeatures, 0);
  const more = cpuid(Leaf.addressSizes, 0);
  let bits: u64 = EFER_SCE | EFER_LME | EFER_LMA | newerBits();
  if (has(features.edx, EDX_NX)) bits = bits | EFER_NXE;
  if (has(features.edx, EDX_FFXSR)) bits = bits | EFER_FFXSR;
  if (has(features.ecx, ECX_TCE)) bits = bits | EFER_TCE;
  if (has(more.ebx, EBX_MCOMMIT)) bits = bits | EFER_MCOMMIT;
  if (has(more.ebx, EBX_INT_WBINVD)) bits = bits | EFER_INTWB;
  return bits;
}

function newerBits(): u64 {
  const last = cpuid(Leaf.lastExtended, 0);
  if (last.eax < Leaf.extendedFeatures2) return 0n;
  const newer = cpuid(Leaf.extendedFeatures2, 0);
  let bits: u64 = 0n;
  if (has(newer.eax, EAX_UPPER_ADDRESS_IGNORE)) bits = bits | EFER_UAIE;
  if (has(newer.eax, EAX_AUTOMATIC_IBRS)) bits = bits | EFER_AIBRSE;
  return bits;
}

function has(features: u32, bit: u32): boolean {
  return u32(features & bit) !== 0;
}
