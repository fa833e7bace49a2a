/**
 * The configuration tables that EFI's system table lists (UEFI Specification 2.10, 4.6). They can be read while boot
 * services run, and after.
 */
import { hpa, physical, type Hpa, type u64 } from '../../transpiler/lib/index.js';
import { ACPI_1_HIGH, ACPI_1_LOW, ACPI_2_HIGH, ACPI_2_LOW, EfiConfiguration, EfiSystemTable } from './efiTables.js';

/** "IBI SYST" */
export const SYSTEM_TABLE = 0x5453_5953_2049_4249n;
const CONFIGURATION_BYTES = 24n;
const CONFIGURATIONS_MOST = 1024n;
/** tsvm maps all memory below 4 GiB when it reads these tables. A table at or below this address ends before 4 GiB. */
const HIGHEST_TABLE = 0xffff_0000n;

/**
 * The address of ACPI's root pointer, the newer one if there are two. 0 if there is none, or no system table at
 * `address`.
 */
export function rsdpOfSystemTable(address: Hpa): Hpa {
  if (address === 0n || address > HIGHEST_TABLE) return hpa(0n);
  if (physical(EfiSystemTable, address).signature !== SYSTEM_TABLE) return hpa(0n);
  const newer = configuration(address, ACPI_2_LOW, ACPI_2_HIGH);
  return newer !== 0n ? newer : configuration(address, ACPI_1_LOW, ACPI_1_HIGH);
}

function configuration(systemTable: Hpa, guidLow: u64, guidHigh: u64): Hpa {
  const system = physical(EfiSystemTable, systemTable);
  const count = system.configurationCount;
  const tables = system.configurations;
  if (count > CONFIGURATIONS_MOST || tables === 0n || tables > HIGHEST_TABLE) return hpa(0n);
  for (let i: u64 = 0n; i < count; i = i + 1n) {
    const entry = physical(EfiConfiguration, hpa(tables + i * CONFIGURATION_BYTES));
    if (entry.guidLow === guidLow && entry.guidHigh === guidHigh) return entry.table;
  }
  return hpa(0n);
}
