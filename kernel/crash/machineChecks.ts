/**
 * Machine checks (SDM 3B, chapter 15; APM 2, chapter 9). One that arrives in the hypervisor is passed to the guest if
 * the processor can continue and only memory of the guest is damaged. Any other ends the node, since the hypervisor's
 * own state may be wrong.
 */
import { cpuid, min64, requires, tryRdmsr, u32, u64 } from '../../transpiler/lib/index.js';
import { hiddenBytes, hiddenStart } from '../space/nestedPaging.js';
import { beginLine, endLine, print, printDecimal } from '../report/console.js';
import { printRegister } from '../report/registers.js';
import { PAGE_BITS } from '../x86/pages.js';
import { Leaf } from '../x86/cpuid.js';

/** IA32_MCG_CAP: the number of banks, and whether software can recover from some errors (SDM 3B 15.3.1.1). */
const CAPABILITY = 0x179;
const BANKS = 0xffn;
const CAN_RECOVER = 1n << 24n;
/**
 * IA32_MCG_STATUS (SDM 3B 15.3.1.2; APM 2, 9.3.1.2): whether the interrupted program can be resumed, and whether the
 * error belongs to the instruction at the interrupted RIP.
 */
const STATUS = 0x17a;
const RESTART_IS_VALID = 1n << 0n;
const INSTRUCTION_IS_VALID = 1n << 1n;

/** Each bank has four MSRs (SDM 3B 15.3.2; APM 2, 9.3.2). */
const FIRST_BANK = 0x400;
const BANK_MSRS = 4;
const BANK_STATUS = 1;
const BANK_ADDRESS = 2;
const BANK_MISC = 3;
const LAST_BANK = 0xff;
/** Used as the value of a register that cannot be read: with all bits set it is an error of the worst kind. */
const UNREADABLE = 0xffff_ffff_ffff_ffffn;

/** MCi_STATUS. */
const VALID = 1n << 63n;
const OVERFLOW = 1n << 62n;
const UNCORRECTED = 1n << 61n;
const HAS_MISC = 1n << 59n;
const HAS_ADDRESS = 1n << 58n;
const CONTEXT_IS_CORRUPT = 1n << 57n;
/** AMD: data that was known to be bad has been used; MCi_ADDR is its address (APM 2, 9.3.2.2). */
const POISON = 1n << 43n;

/** MCi_MISC: the lowest valid bit of the address, and the address mode (SDM 3B 15.3.2.4). */
const LOWEST_BIT = 0x3fn;
const ADDRESS_MODE = 7n << 6n;
const PHYSICAL_ADDRESS = 2n << 6n;
/** AMD stores the lowest valid bit in MCi_ADDR, above the address (APM 2, 9.3.2.3). */
const AMD_LOWEST_BIT_SHIFT = 56n;
const ADDRESS = 0x000f_ffff_ffff_ffffn;
const ADDRESS_BITS = 52n;

/**
 * CPUID.00H:EBX of Intel: "Genu". Other vendors are treated as AMD, whose rule is stricter: only poisoned data is
 * harmless.
 */
const INTEL = 0x756e_6547;

/** Whether the guest may get the machine check and the hypervisor may continue. */
export function isGuestsMachineCheck(): boolean {
  const capability = tryRdmsr(CAPABILITY);
  const status = tryRdmsr(STATUS);
  if (capability.faulted || status.faulted || (status.value & RESTART_IS_VALID) === 0n) return false;
  const banks = u32(capability.value & BANKS);
  for (let bank: u32 = 0; bank < banks; bank++) {
    if (!isHarmless(bank, capability.value)) return false;
  }
  return true;
}

/** Whether the error belongs to the instruction that the machine check interrupted. */
export function isOfInstruction(): boolean {
  const status = tryRdmsr(STATUS);
  return (status.value & INSTRUCTION_IS_VALID) !== 0n;
}

/**
 * Whether the hypervisor can continue despite the error in `bank`. Intel signals an error to all processors, so a bank
 * without an uncorrected error is harmless. If an error has overwritten an earlier one, the earlier address is lost, so
 * the bank is not harmless.
 */
function isHarmless(bank: u32, capability: u64): boolean {
  requires(bank <= LAST_BANK);
  const status = readBank(bank, BANK_STATUS);
  if ((status & VALID) === 0n || (status & UNCORRECTED) === 0n) return true;
  if ((status & (OVERFLOW | CONTEXT_IS_CORRUPT)) !== 0n || (status & HAS_ADDRESS) === 0n) return false;
  const address = readBank(bank, BANK_ADDRESS);
  if (!isIntel()) return (status & POISON) !== 0n && isGuests(address, address >> AMD_LOWEST_BIT_SHIFT);
  if ((capability & CAN_RECOVER) === 0n || (status & HAS_MISC) === 0n) return false;
  const misc = readBank(bank, BANK_MISC);
  return (misc & ADDRESS_MODE) === PHYSICAL_ADDRESS && isGuests(address, misc & LOWEST_BIT);
}

/**
 * Whether no hidden memory can be damaged at `address`. Address bits below `lowestBit` are not valid; at least a page
 * counts as damaged.
 */
function isGuests(address: u64, lowestBit: u64): boolean {
  if (address === UNREADABLE) return false;
  const bits = lowestBit < PAGE_BITS ? PAGE_BITS : min64(lowestBit, ADDRESS_BITS);
  const unit = u64(1n << bits);
  const start = u64(address & ADDRESS) & u64(~(unit - 1n));
  const hidden = u64(hiddenStart());
  return u64(start + unit) <= hidden || start >= u64(hidden + hiddenBytes());
}

function readBank(bank: u32, register: u32): u64 {
  requires(bank <= LAST_BANK && register < BANK_MSRS);
  const found = tryRdmsr(FIRST_BANK + bank * BANK_MSRS + register);
  return found.faulted ? UNREADABLE : found.value;
}

function isIntel(): boolean {
  const name = cpuid(Leaf.vendor, 0);
  return name.ebx === INTEL;
}

/** Prints a line for each bank that holds an error. */
export function printBanks(): void {
  const capability = tryRdmsr(CAPABILITY);
  const banks = u32(capability.value & BANKS);
  for (let bank: u32 = 0; bank < banks; bank++) {
    const status = readBank(bank, BANK_STATUS);
    if ((status & VALID) === 0n) continue;
    beginLine();
    print('  bank ');
    printDecimal(u64(bank));
    printRegister('status', status);
    if ((status & HAS_ADDRESS) !== 0n) printRegister('address', readBank(bank, BANK_ADDRESS));
    endLine();
  }
}
