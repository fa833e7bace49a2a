/** Hypercalls (docs/hypercall.md). They use registers only. */
import { min64, subSat64, table, u32, u64 } from '../../transpiler/lib/index.js';
import { MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import { HypercallChoice, options } from '../machine/options.js';
import { EVENT_KINDS, EXIT_REASONS, COUNTED_OWNERS, type Counters } from '../observe/counters.js';
import { PAGE_BYTES } from '../x86/pages.js';
import { hiddenBytes, hiddenStart } from '../space/nestedPaging.js';
import { printNews } from '../report/consoleLock.js';
import { logByte, LOG_BYTES, logWritten } from '../report/console.js';
import { clockFrequency, clockSource, nanosecondsOf, readClock } from '../time/clock.js';
import { testTask } from '../time/testTask.js';
import { vcpuOf } from '../vcpu/processors.js';
import type { Registers, Vcpu } from '../vcpu/vcpu.js';
import { vendor } from '../x86/vendor.js';
import { statisticsPage } from './statistics.js';

/** "tsvm" in RAX, little endian. With another value VMMCALL or VMCALL is no hypercall. */
const MAGIC = 0x6d76_7374n;
const INTERFACE_VERSION = 1n;

/** Bytes of the log that are kept, and bytes that one call returns. */
const LOG_BYTES_KEPT = u64(LOG_BYTES);
const LOG_BYTES_A_CALL = 24n;

const Status = { done: 0n, noSuchFunction: 1n, nothingThere: 2n, notAllowed: 3n } as const;

type Hypercall = (registers: Registers) => void;

/** Number of functions. The table's last entry stands for all higher numbers. */
const FUNCTIONS = 9;
const hypercalls = table<Hypercall>(FUNCTIONS + 1, noSuchFunction, {
  0: version,
  1: exitCount,
  2: logText,
  3: memoryKept,
  4: time,
  5: testTaskResults,
  6: statistics,
  7: accessCount,
  8: eventCount,
});

/**
 * A bit for each function that programs may call, and for unknown numbers. The other functions reveal what the guest's
 * kernel hides from its programs: addresses of the kernel, in the log's events, and what other programs do, in the
 * counts.
 */
const OPEN_TO_PROGRAMS = 0b0_0111_0001 | (1 << FUNCTIONS);

/** Whether the guest's registers request a hypercall. */
export function isHypercall(vcpu: Vcpu): boolean {
  return vcpu.registers.rax === MAGIC;
}

/** Executes the hypercall in the guest's registers, made at `privilegeLevel`, and returns its results in them. */
export function onHypercall(vcpu: Vcpu, privilegeLevel: u32): void {
  const registers = vcpu.registers;
  const called = u32(min64(registers.rcx, u64(FUNCTIONS)));
  const isOpen = ((OPEN_TO_PROGRAMS >>> called) & 1) !== 0;
  if (!isOpen && privilegeLevel !== 0 && options.hypercall !== HypercallChoice.user) {
    registers.rax = Status.notAllowed;
    return;
  }
  registers.rax = Status.done;
  hypercalls.get(called)(registers);
}

function noSuchFunction(registers: Registers): void {
  registers.rax = Status.noSuchFunction;
}

function version(registers: Registers): void {
  registers.rbx = INTERFACE_VERSION;
  registers.rcx = u64(processorCount());
  registers.rdx = u64(vendor());
}

/** Returns the first exit reason from RSI on that has occurred on processor RDX: its number and count. */
function exitCount(registers: Registers): void {
  const first = registers.rsi;
  const counters = countersOf(registers.rdx);
  if (counters === null) {
    registers.rax = Status.nothingThere;
    return;
  }
  for (let reason: u32 = u32(min64(first, u64(EXIT_REASONS))); reason < EXIT_REASONS; reason++) {
    const count = counters.exits.get(reason);
    if (count > 0n) {
      registers.rbx = count;
      registers.rcx = u64(reason);
      return;
    }
  }
  registers.rax = Status.nothingThere;
}

/** Returns how many intercepted accesses of processor RDX reached something of owner RSI. */
function accessCount(registers: Registers): void {
  const counters = countersOf(registers.rdx);
  const owner = u32(min64(registers.rsi, u64(COUNTED_OWNERS)));
  if (counters === null || owner >= COUNTED_OWNERS) {
    registers.rax = Status.nothingThere;
    return;
  }
  registers.rbx = counters.accesses.get(owner);
}

/** Returns how many events of kind RSI happened on processor RDX. */
function eventCount(registers: Registers): void {
  const counters = countersOf(registers.rdx);
  const kind = u32(min64(registers.rsi, u64(EVENT_KINDS)));
  if (counters === null || kind >= EVENT_KINDS) {
    registers.rax = Status.nothingThere;
    return;
  }
  registers.rbx = counters.events.get(kind);
}

/** The counters of processor `number`; null if there is none. */
function countersOf(number: u64): Counters | null {
  const processor = u32(min64(number, u64(MAX_PROCESSORS)));
  return processor < processorCount() ? vcpuOf(processor).counters : null;
}

/** Returns up to 24 bytes of the log from position RDX on, or from its oldest byte if that is newer. */
function logText(registers: Registers): void {
  printNews();
  const end = logWritten();
  const oldest = subSat64(end, LOG_BYTES_KEPT);
  const wanted = registers.rdx;
  const first = wanted < oldest ? oldest : wanted;
  const count = min64(subSat64(end, first), LOG_BYTES_A_CALL);
  registers.rcx = count;
  registers.rbx = u64(first + count);
  registers.rdx = logWord(first, end);
  registers.rsi = logWord(u64(first + 8n), end);
  registers.rdi = logWord(u64(first + 16n), end);
  if (count === 0n) registers.rax = Status.nothingThere;
}

/** Eight bytes of the log from `first` on, the first one lowest; zeros from `end` on. */
function logWord(first: u64, end: u64): u64 {
  let word: u64 = 0n;
  const count = min64(subSat64(end, first), 8n);
  for (let i: u64 = 0n; i < count; i += 1n) {
    word = word | (u64(logByte(u64(first + i))) << (i * 8n));
  }
  return word;
}

/** Returns the address of the page that the guest's root can read (statistics.ts). */
function statistics(registers: Registers): void {
  registers.rbx = u64(statisticsPage());
  registers.rcx = PAGE_BYTES;
}

/** Returns the memory that the guest cannot access. */
function memoryKept(registers: Registers): void {
  registers.rbx = u64(hiddenStart());
  registers.rcx = hiddenBytes();
}

/** Returns the clock's value, its source and its counts per second. */
function time(registers: Registers): void {
  registers.rbx = nanosecondsOf(readClock());
  registers.rcx = u64(clockSource());
  registers.rdx = clockFrequency();
}

/** Returns the results of the test task, if it runs. */
function testTaskResults(registers: Registers): void {
  const period = testTask.period;
  if (period === 0n) {
    registers.rax = Status.nothingThere;
    return;
  }
  registers.rbx = testTask.runs;
  registers.rcx = nanosecondsOf(testTask.greatestLateness);
  registers.rdx = nanosecondsOf(period);
  registers.rsi = testTask.missed;
}
