/**
 * Checks that the firmware has locked what could bypass tsvm: the memory of system management mode (SMM), whose
 * handlers run outside of tsvm's control and reach all memory; the enabling of SMIs; and the flash that holds the
 * firmware. One line names each that is open; with `require=locks` start-up then stops. Locks are read only on chipsets
 * whose register layout is known, by the PCI IDs of the host bridge and of the bridge to the flash.
 */
import type { u32 } from '../../transpiler/lib/index.js';
import { at, BOOL, instance, list, requires, struct, tryRdmsr, U32, u64 } from '../../transpiler/lib/index.js';
import { beginLine, endLine, print, printHex } from '../report/console.js';
import { fail } from '../report/fail.js';
import { options, RequireChoice } from './options.js';
import { CLASS, IDENTITY, readConfiguration } from './pciConfiguration.js';

const INTEL = 0x8086;
const AMD = 0x1022;

/**
 * Host bridges whose register SMRAM or SMRAMC has D_LCK in bit 4. Each line: first and last device ID, and the
 * register.
 */
// prettier-ignore
const hostBridges = list(U32, [
  0x0100, 0x010f, 0x88, // 2nd generation Core ("processor datasheet, volume 2", SMRAMC)
  0x0150, 0x015f, 0x88, // 3rd
  0x0a00, 0x0a0f, 0x88, // 4th, mobile
  0x0c00, 0x0c0f, 0x88, // 4th
  0x1237, 0x1237, 0x72, // 440FX (82441FX datasheet, 3.2.18)
  0x1600, 0x161f, 0x88, // 5th
  0x1900, 0x191f, 0x88, // 6th
  0x29c0, 0x29c0, 0x9d, // Q35 (82Q35 datasheet, 5.1.25)
  0x3e00, 0x3eff, 0x88, // 8th and 9th
  0x5900, 0x591f, 0x88, // 7th
  0x7190, 0x7190, 0x72, // 440BX
]);
const SMRAM_LOCKED = 1 << 4;

/**
 * Bridges at 00:1F.0 with BIOS_CNTL and GEN_PMCON_1. Each line: first and last device ID, and the bits of BIOS_CNTL
 * that must be set.
 */
// prettier-ignore
const flashBridges = list(U32, [
  0x1c40, 0x1c5f, 0x22, // 6 series (datasheet, 13.1.33 and 13.8.1.1)
  0x1d40, 0x1d41, 0x22, // C600
  0x1e40, 0x1e5f, 0x22, // 7 series
  0x2910, 0x291f, 0x02, // ICH9, which has no SMM_BWP
  0x3a10, 0x3a1f, 0x02, // ICH10
  0x3b00, 0x3b1f, 0x22, // 5 series
  0x8c40, 0x8c5f, 0x22, // 8 series
  0x8cc0, 0x8cdf, 0x22, // 9 series
  0x8d40, 0x8d5f, 0x22, // C610
  0x9c40, 0x9c4f, 0x22, // 8 series, mobile
  0x9cc0, 0x9ccf, 0x22, // 9 series, mobile
]);
const BRIDGE = 0x1f;
/**
 * BIOS_CNTL of the bridge, or from the 100 series on of the SPI controller (function 5): BIOSWE, BLE, SMM_BWP or EISS.
 */
const BIOS_CONTROL = 0xdc;
const WRITE_ENABLED = 1 << 0;
const SPI_FUNCTION = 5;
const SPI_CLASS = 0x0c80;
const SPI_LOCKS = 0x22;
/** GEN_PMCON_1: SMI_LOCK. */
const POWER_CONTROL = 0xa0;
const SMI_LOCKED = 1 << 4;

/** HWCR: SMMLOCK (APM 2, 10.2.5). */
const HWCR = 0xc001_0015;
const SMM_LOCKED = 1n << 0n;
/** MTRRCAP says whether the processor has SMRRs; SMRR_PHYSMASK whether they are valid (SDM 3A 11.11.2.4). */
const MTRR_CAPABILITIES = 0xfe;
const HAS_SMRR = 1n << 11n;
const SMRR_MASK = 0x1f3;
const SMRR_VALID = 1n << 11n;

const NOT_LISTED = 0;

const Found = struct('FirmwareLocks', { size: 1 }, { isOpen: at(0, BOOL) });
const found = instance(Found);

/** Prints what is open. Stops start-up if the option requires everything to be locked. */
export function checkFirmwareLocks(): void {
  found.isOpen = false;
  checkManagementMemory();
  checkSmrr();
  checkFlash();
  if (found.isOpen && options.require === RequireChoice.locks)
    fail('require=locks: lock it in the setup of the firmware, or update the firmware');
}

function checkManagementMemory(): void {
  const identity = readConfiguration(0, 0, IDENTITY);
  const device = identity >>> 16;
  if ((identity & 0xffff) === AMD) {
    const control = tryRdmsr(HWCR);
    if ((control.value & SMM_LOCKED) === 0n) tell('the memory of system management mode (HWCR.SMMLOCK is clear)');
    return;
  }
  const register = (identity & 0xffff) === INTEL ? hostBridgeRegister(device) : NOT_LISTED;
  if (register === NOT_LISTED) tellUnknown('host bridge', identity, 'the memory of system management mode');
  else if ((byteOf(0, 0, register) & SMRAM_LOCKED) === 0)
    tell('the memory of system management mode (SMRAM.D_LCK is clear)');
}

/** Checks the SMRRs, which protect cached SMM memory from access outside SMM. */
function checkSmrr(): void {
  const capabilities = tryRdmsr(MTRR_CAPABILITIES);
  if ((capabilities.value & HAS_SMRR) === 0n) return;
  const mask = tryRdmsr(SMRR_MASK);
  if ((mask.value & SMRR_VALID) === 0n)
    tell('what is cached of the memory of system management mode (SMRR_PHYSMASK.V is clear)');
}

function checkFlash(): void {
  const identity = readConfiguration(BRIDGE, 0, IDENTITY);
  const locks = (identity & 0xffff) === INTEL ? flashLocks(identity >>> 16) : NOT_LISTED;
  if (locks !== NOT_LISTED) {
    checkBiosControl(byteOf(BRIDGE, 0, BIOS_CONTROL), locks);
    if ((byteOf(BRIDGE, 0, POWER_CONTROL) & SMI_LOCKED) === 0)
      tell('the enabling of SMIs (GEN_PMCON_1.SMI_LOCK is clear)');
  } else if (hasSpiController()) checkBiosControl(byteOf(BRIDGE, SPI_FUNCTION, BIOS_CONTROL), SPI_LOCKS);
  else tellUnknown('flash bridge', identity, 'the flash');
}

function hasSpiController(): boolean {
  const identity = readConfiguration(BRIDGE, SPI_FUNCTION, IDENTITY);
  return (identity & 0xffff) === INTEL && readConfiguration(BRIDGE, SPI_FUNCTION, CLASS) >>> 16 === SPI_CLASS;
}

function checkBiosControl(control: u32, locks: u32): void {
  requires(control < 256 && locks < 256);
  if ((control & (WRITE_ENABLED | locks)) !== locks) tell('the flash of the firmware (BIOS_CNTL)');
}

function hostBridgeRegister(device: u32): u32 {
  for (let i: u32 = 0; i + 2 < hostBridges.length; i += 3) {
    if (device >= hostBridges.get(i) && device <= hostBridges.get(i + 1)) return hostBridges.get(i + 2) & 0xff;
  }
  return NOT_LISTED;
}

function flashLocks(device: u32): u32 {
  for (let i: u32 = 0; i + 2 < flashBridges.length; i += 3) {
    if (device >= flashBridges.get(i) && device <= flashBridges.get(i + 1)) return flashBridges.get(i + 2) & 0xff;
  }
  return NOT_LISTED;
}

/** The byte of PCI configuration space at `register`. */
function byteOf(device: u32, func: u32, register: u32): u32 {
  requires(device < 32 && func < 8 && register < 256);
  const word = readConfiguration(device, func, register & 0xfc);
  return (word >>> (8 * (register & 3))) & 0xff;
}

function tell(what: string): void {
  found.isOpen = true;
  beginLine();
  print('warning: the firmware left open ');
  print(what);
  endLine();
}

function tellUnknown(bridge: string, identity: u32, what: string): void {
  found.isOpen = true;
  beginLine();
  print('warning: unknown ');
  print(bridge);
  print(' ');
  printHex(u64(identity));
  print(': cannot tell whether the firmware locked ');
  print(what);
  endLine();
}
