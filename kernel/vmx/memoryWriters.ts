/**
 * MSRs that make the processor write to memory by itself. What it traces (SDM 3C 32.2.7) and what it advises (SDM 3B 14.6)
 * goes to machine addresses, past the extended page tables. What it samples (SDM 3B 18.6.2.4) goes to linear addresses,
 * which in root operation are the hypervisor's. The guest must not lead it to the hypervisor's memory.
 */
import { gpa, u64, type u32 } from '../../transpiler/lib/index.js';
import { Answer } from '../exits/answer.js';
import { Event, recordEvent } from '../exits/events.js';
import { writeMsr } from '../exits/msr.js';
import { isHidden } from '../memory/nestedPaging.js';
import type { Registers } from '../vcpu/vcpu.js';

/** Intel PT. Its lists of places lie in the guest's memory, so it does not exist for the guest. */
export const TRACE_FIRST = 0x560;
export const TRACE_LAST = 0x58f;

/** PEBS: IA32_PEBS_ENABLE and what newer processors have beside it; and IA32_DS_AREA. So debug stores do not exist. */
export const SAMPLING_FIRST = 0x3f1;
export const SAMPLING_LAST = 0x3f5;
export const DEBUG_STORE_AREA = 0x600;

/** IA32_HW_FEEDBACK_PTR: bits 63:12 are the first page of a table, bit 0 makes it valid. */
export const FEEDBACK_POINTER = 0x17d0;
const PAGE = 0xffff_ffff_ffff_f000n;
const PAGE_BYTES = 0x1000n;
/** CPUID 6 tells the size in four bits. */
const MOST_PAGES = 16n;

/** Whether the MSR is one of Intel PT or of debug stores. */
export function isMemoryWriter(number: u32): boolean {
  const isTrace = number >= TRACE_FIRST && number <= TRACE_LAST;
  return isTrace || (number >= SAMPLING_FIRST && number <= SAMPLING_LAST) || number === DEBUG_STORE_AREA;
}

/** WRMSR of FEEDBACK_POINTER. `rip` is where the guest was. */
export function writeFeedbackPointer(registers: Registers, value: u64, rip: u64): Answer {
  const first = value & PAGE;
  for (let page: u64 = 0n; page < MOST_PAGES; page += 1n) {
    const address = u64(first + page * PAGE_BYTES);
    if (isHidden(gpa(address))) {
      recordEvent(Event.hiddenMemory, address, rip);
      return Answer.generalProtection;
    }
  }
  return writeMsr(registers);
}
