/** Where the simulated firmware's tables and services lie, and what it names things by. */

export const SYSTEM_TABLE = 0x1000;
export const BOOT_SERVICES = 0x1100;
export const CONFIGURATIONS = 0x1400;
export const CONSOLE = 0x1500;
export const OWN_IMAGE = 0x1600;
export const NEW_IMAGE = 0x1700;
export const DEVICE_PATH = 0x1800;
export const RUNTIME_SERVICES = 0x1900;
export const MP_SERVICES = 0x1a00;
export const SECURITY = 0x1a80;
export const OFFERED = 0x1ac0;
export const LOAD_OPTIONS = 0x2000;
/** Memory that AllocatePages gives, the highest first; it must not reach instances' addresses. */
export const FREE_START = 0x10_0000n;
export const FREE_END = 0x90_0000n;
export const MEMORY_BYTES = 0xa0_0000;

/** Handles. */
export const OWN_HANDLE = 11n;
export const NEW_HANDLE = 12n;
export const DEVICE_HANDLE = 13n;

export const Status = {
  success: 0n,
  unsupported: 0x8000_0000_0000_0003n,
  bufferTooSmall: 0x8000_0000_0000_0005n,
  outOfResources: 0x8000_0000_0000_0009n,
  notFound: 0x8000_0000_0000_000en,
  notStarted: 0x8000_0000_0000_0013n,
  aborted: 0x8000_0000_0000_0015n,
} as const;

/** Where a service is listed in the table of boot services, which is where a call of it seems to go, too. */
export const SERVICES = {
  allocatePages: 40,
  freePages: 48,
  getMemoryMap: 56,
  installProtocol: 128,
  uninstallProtocol: 144,
  handleProtocol: 152,
  locateDevicePath: 184,
  loadImage: 200,
  startImage: 208,
  unloadImage: 224,
  setWatchdogTimer: 256,
  locateProtocol: 320,
} as const;
export type Service = keyof typeof SERVICES;
export const SERVICE_BASE = 0xfeed_0000n;
export const OUTPUT_STRING = SERVICE_BASE - 8n;
export const LOAD_FILE = SERVICE_BASE - 16n;
export const COUNT_PROCESSORS = SERVICE_BASE - 24n;
export const START_PROCESSORS = SERVICE_BASE - 32n;
export const GET_VARIABLE = SERVICE_BASE - 40n;
export const AUTHENTICATE = SERVICE_BASE - 48n;
export const TELL_PROCESSOR = SERVICE_BASE - 56n;
export const LOAD_FILE_ENTRY = 0xc0den;
export const PROCESSOR_ENTRY = 0xcafen;
export const AUTHENTICATION_ENTRY = 0xfacen;

/** GUIDs by their first words, as text in manuals begins. */
export const Guid = {
  loadedImage: 0x5b1b31a1,
  devicePath: 0x09576e91,
  loadFile2: 0x4006c0c1,
  mpServices: 0x3fdda605,
  security2: 0x94ab2f58,
} as const;

/** Thrown where it halts. */
export class Halted extends Error {}

/** Thrown where the hypervisor gives the machine back. */
export class Left extends Error {
  readonly status: bigint;
  constructor(status: bigint) {
    super('left for the firmware');
    this.status = status;
  }
}
