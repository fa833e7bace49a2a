/**
 * Emulates what an INIT does to the local APIC of this processor (SDM 3A 10.4.7.3 and 10.12.5.1; APM 2, 16.3.2).
 * Interrupts that are pending in the IRR stay: no register clears them, and operating systems take or clear those they
 * find.
 */
import { hpa, list, rdmsr, tryWrmsr, u32, U32, u64, window } from '../../transpiler/lib/index.js';
import { answersAsXApic, apicPage, isX2Apic } from './localApic.js';

/** Offsets in the xAPIC page. In x2APIC mode an MSR stands for each 16 bytes. */
const VERSION = 0x30;
const TASK_PRIORITY = 0x80;
const END_OF_INTERRUPT = 0xb0;
const LOGICAL_DESTINATION = 0xd0;
const DESTINATION_FORMAT = 0xe0;
const SPURIOUS = 0xf0;
const IN_SERVICE = 0x100;
const ERROR_STATUS = 0x280;
const INITIAL_COUNT = 0x380;
const DIVIDE = 0x3e0;
/**
 * LVT entries, in the order in which processors got them: timer, LINT0, LINT1, error; performance; thermal; corrected
 * machine checks. Bits 23:16 of the version register are the index of the last one (SDM 3A 10.4.8; APM 2, 16.3.4). A
 * write to an entry that does not exist would set an error in the ESR, which an operating system reads after it has
 * started a processor.
 */
const entries = list(U32, [0x320, 0x350, 0x360, 0x370, 0x340, 0x330, 0x2f0]);
const LAST_ENTRY_SHIFT = 16;
const LAST_ENTRY_MASK = 0xff;
/** LVT entries of AMD's extended APIC space, which exists if bit 31 of the version register is set (APM 2, 16.4.5). */
const extendedEntries = list(U32, [0x500, 0x510, 0x520, 0x530]);
const HAS_EXTENDED_SPACE = 0x8000_0000;

const MASKED = 0x1_0000;
/** The spurious-interrupt vector register at reset: vector FFh, and the APIC disabled by software. */
const SPURIOUS_AT_RESET = 0xff;
const FLAT = 0xffff_ffff;

const X2APIC_FIRST = 0x800;
/** The ISR has a bit for each vector, in eight registers 16 bytes apart. */
const VECTOR_REGISTERS = 8;
const VECTORS = 256;

/** Resets the local APIC of this processor as an INIT does. Its ID stays. */
export function resetLocalApic(): void {
  if (!isX2Apic() && !answersAsXApic()) return;
  const version = read(VERSION);
  const last = u32(version >>> LAST_ENTRY_SHIFT) & LAST_ENTRY_MASK;
  for (let i: u32 = 0; i < entries.length && i <= last; i++) write(entries.get(i), MASKED);
  if (u32(version & HAS_EXTENDED_SPACE) !== 0) {
    for (let i: u32 = 0; i < extendedEntries.length; i++) write(extendedEntries.get(i), MASKED);
  }
  write(INITIAL_COUNT, 0);
  write(DIVIDE, 0);
  endInterrupts();
  write(TASK_PRIORITY, 0);
  write(SPURIOUS, SPURIOUS_AT_RESET);
  write(ERROR_STATUS, 0);
  if (isX2Apic()) return; // there the APIC ID gives LDR and DFR, which cannot be written
  write(DESTINATION_FORMAT, FLAT);
  write(LOGICAL_DESTINATION, 0);
}

/** Sends an EOI for each interrupt in service. Each EOI ends the one with the highest vector. */
function endInterrupts(): void {
  for (let ended: u32 = 0; ended < VECTORS && isInService(); ended++) write(END_OF_INTERRUPT, 0);
}

function isInService(): boolean {
  for (let i: u32 = 0; i < VECTOR_REGISTERS; i++) {
    if (read(IN_SERVICE + i * 16) !== 0) return true;
  }
  return false;
}

function read(offset: u32): u32 {
  return isX2Apic() ? u32(rdmsr(msrOf(offset))) : window(hpa(apicPage() + u64(offset)), 4).u32(0);
}

/** Writes a register. In x2APIC mode the APIC may lack it, which tryWrmsr() ignores. */
function write(offset: u32, value: u32): void {
  if (isX2Apic()) tryWrmsr(msrOf(offset), u64(value));
  else window(hpa(apicPage() + u64(offset)), 4).setU32(0, value);
}

function msrOf(offset: u32): u32 {
  return X2APIC_FIRST + (offset >>> 4);
}
