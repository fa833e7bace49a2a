/**
 * The high-precision event timer (IA-PC HPET Specification 1.0a). If there is no power-management timer, the rate of
 * the time-stamp counter is measured against it. Once the guest runs, the timer belongs to the guest, and this file
 * does not touch it.
 */
import { at, hpa, HPA, instance, physical, struct, u32, U32, u64, U64, type Hpa } from '../../transpiler/lib/index.js';
import { findTable } from '../machine/acpi.js';

/** "HPET", the ACPI table. Its base address is a generic address (ACPI Specification 6.4, 5.2.3.2). */
export const HPET = 0x5445_5048;
const SPACE = 40;
const MEMORY_SPACE = 0;
const ADDRESS = 44;
const TABLE_BYTES = 56;
/** Highest address accepted. Before the hypervisor has its own page tables, memory below 4 GiB is mapped. */
const HIGHEST_ADDRESS = 0xffff_f000n;

/** Registers are read 32 bits at a time, because some chipsets support no wider accesses. */
const Registers = struct(
  'HpetRegisters',
  { size: 0xf4, volatile: true },
  {
    /** Femtoseconds per count. */
    period: at(0x04, U32),
    configuration: at(0x10, U32),
    counter: at(0xf0, U32),
  },
);
const ENABLE = 1;
const FEMTOSECONDS_A_SECOND = 1_000_000_000_000_000n;
/** Range of plausible periods: the specification allows at most 100 ns, and none is as short as 2 ns. */
const LONGEST_PERIOD = 100_000_000;
const SHORTEST_PERIOD = 2_000_000;

const Timer = struct(
  'HpetTimer',
  { size: 24 },
  { address: at(0, HPA), last: at(8, U32), wasEnabled: at(12, U32), total: at(16, U64) },
);
const timer = instance(Timer);

/** Finds the timer and enables it. Returns its counts per second, or 0 if the machine has no such timer. */
export function startHpet(): u64 {
  const address = hpetAddress();
  if (address === 0n) return 0n;
  const registers = physical(Registers, address);
  const period = registers.period;
  if (period < SHORTEST_PERIOD || period > LONGEST_PERIOD) return 0n;
  timer.address = address;
  timer.wasEnabled = registers.configuration;
  registers.configuration = u32(registers.configuration | ENABLE);
  timer.last = registers.counter;
  timer.total = 0n;
  return FEMTOSECONDS_A_SECOND / u64(period);
}

/** Restores the timer to its state before startHpet(). */
export function stopHpet(): void {
  physical(Registers, timer.address).configuration = timer.wasEnabled;
}

/** The counts since startHpet(). Must be called before the 32-bit counter wraps, which takes minutes. */
export function readHpet(): u64 {
  const now = physical(Registers, timer.address).counter;
  const total = u64(timer.total + u64(u32(now - timer.last)));
  timer.last = now;
  timer.total = total;
  return total;
}

function hpetAddress(): Hpa {
  const table = findTable(HPET);
  if (table === null || table.length < TABLE_BYTES || table.u8(SPACE) !== MEMORY_SPACE) return hpa(0n);
  const address = table.u64(ADDRESS);
  return address > HIGHEST_ADDRESS ? hpa(0n) : hpa(address);
}
