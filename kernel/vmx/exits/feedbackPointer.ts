/**
 * The MSR whose value makes the processor write to memory by itself: hardware feedback (SDM 3B 14.6) goes to a machine
 * address, without EPT. The guest must not direct it to the hypervisor's memory. Intel PT and debug stores write too,
 * but are hidden from the guest (access/msrsOfIntel.ts).
 */
import { gpa, u64 } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { writeProcessor } from '../../exits/msr.js';
import { isHidden } from '../../space/nestedPaging.js';
import { PAGE_BYTES, PAGE_FRAME } from '../../x86/pages.js';

/** IA32_HW_FEEDBACK_PTR: bits 63:12 are the first page of a table, bit 0 enables it. */
const FEEDBACK_POINTER = 0x17d0;
/** Largest table: CPUID leaf 6 gives its size in four bits. */
const MOST_PAGES = 16n;

/** Emulates WRMSR of IA32_HW_FEEDBACK_PTR at `rip`. Raises #GP if the table would overlap hidden memory. */
export function writeFeedbackPointer(value: u64, rip: u64): Answer {
  const first = value & PAGE_FRAME;
  for (let page: u64 = 0n; page < MOST_PAGES; page += 1n) {
    const address = u64(first + page * PAGE_BYTES);
    if (isHidden(gpa(address))) {
      recordEvent(Event.hiddenMemory, address, rip);
      return Answer.generalProtection;
    }
  }
  return writeProcessor(FEEDBACK_POINTER, value);
}
