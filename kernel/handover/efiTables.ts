/** The tables and protocols of UEFI firmware that tsvm uses (UEFI Specification 2.10; section numbers are its own). */
import { at, HPA, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

/** 4.3: the system table, which the firmware passes to an application. */
export const EfiSystemTable = struct(
  'EfiSystemTable',
  { size: 120 },
  {
    signature: at(0, U64),
    revision: at(8, U32),
    headerBytes: at(12, U32),
    consoleOutput: at(64, HPA),
    runtimeServices: at(88, HPA),
    bootServices: at(96, HPA),
    configurationCount: at(104, U64),
    configurations: at(112, HPA),
  },
);
export type EfiSystemTable = Ref<typeof EfiSystemTable>;

/** 4.4: boot services: the addresses of their functions. */
export const EfiBootServices = struct(
  'EfiBootServices',
  { size: 376 },
  {
    allocatePages: at(40, U64),
    freePages: at(48, U64),
    getMemoryMap: at(56, U64),
    installProtocol: at(128, U64),
    uninstallProtocol: at(144, U64),
    handleProtocol: at(152, U64),
    locateDevicePath: at(184, U64),
    loadImage: at(200, U64),
    startImage: at(208, U64),
    unloadImage: at(224, U64),
    setWatchdogTimer: at(256, U64),
    locateProtocol: at(320, U64),
  },
);
export type EfiBootServices = Ref<typeof EfiBootServices>;

/** 4.5: runtime services: functions that stay when boot services have ended. */
export const EfiRuntimeServices = struct('EfiRuntimeServices', { size: 136 }, { getVariable: at(72, U64) });

/** 4.6: an entry that points to a table of another standard. */
export const EfiConfiguration = struct(
  'EfiConfiguration',
  { size: 24 },
  { guidLow: at(0, U64), guidHigh: at(8, U64), table: at(16, HPA) },
);

/** 9.1.1: the firmware's description of a loaded image. */
export const EfiLoadedImage = struct(
  'EfiLoadedImage',
  { size: 96 },
  { device: at(24, U64), optionsBytes: at(48, U32), options: at(56, HPA) },
);
export type EfiLoadedImage = Ref<typeof EfiLoadedImage>;

/** 12.4.1: the console; `outputString` prints text. */
export const EfiTextOutput = struct('EfiTextOutput', { size: 80 }, { outputString: at(8, U64) });

/** PI Specification 1.7, volume 2, 13.4: the protocol that runs code on other processors. */
export const EfiMpServices = struct(
  'EfiMpServices',
  { size: 56 },
  { getNumberOfProcessors: at(0, U64), getProcessorInfo: at(8, U64), startupAllAps: at(16, U64) },
);

/** PI Specification 1.7, volume 2, 12.9.2: the protocol that decides whether a file may be loaded. */
export const EfiSecurity2 = struct('EfiSecurity2', { size: 8 }, { fileAuthentication: at(0, U64) });

/** 2.3.1: GUIDs as two little-endian numbers, which in memory give the bytes in the order of the specification. */
export const LOADED_IMAGE_LOW = 0x11d2_9562_5b1b_31a1n;
export const LOADED_IMAGE_HIGH = 0x3b72_69c9_a000_3f8en;
export const DEVICE_PATH_LOW = 0x11d2_6d3f_0957_6e91n;
export const DEVICE_PATH_HIGH = 0x3b72_69c9_a000_398en;
export const LOAD_FILE2_LOW = 0x403e_fcb3_4006_c0c1n;
export const LOAD_FILE2_HIGH = 0x6de0_2487_6c4a_6d99n;
export const MP_SERVICES_LOW = 0x4f46_a76e_3fdd_a605n;
export const MP_SERVICES_HIGH = 0x083d_1b53_f412_29adn;
/** PI Specification 1.7, volume 2, 12.9.2: the protocol EfiSecurity2. */
export const SECURITY2_LOW = 0x4ef1_1438_94ab_2f58n;
export const SECURITY2_HIGH = 0x680e_3a1a_9418_5291n;
/** 3.3: the vendor of variables that the specification defines. */
export const GLOBAL_VARIABLE_LOW = 0x11d2_93ca_8be4_df61n;
export const GLOBAL_VARIABLE_HIGH = 0x8c2b_0398_e000_0daan;
/** 12.8.2: the protocol of a serial port. */
export const SERIAL_IO_LOW = 0x11d2_f1d4_bb25_cf6fn;
export const SERIAL_IO_HIGH = 0xfdc1_3f27_9000_0c9an;
/** Linux, Documentation/admin-guide/efi-stub.rst: the device path under which a kernel looks for its initrd. */
export const INITRD_MEDIA_LOW = 0x4f3d_68fc_5568_e427n;
export const INITRD_MEDIA_HIGH = 0x68cc_3152_55ca_74acn;
/**
 * ACPI Specification 6.4, 5.2.5.2: the configuration tables that are the RSDP of version 2 or later, and of version 1.
 */
export const ACPI_2_LOW = 0x11d3_e4f1_8868_e871n;
export const ACPI_2_HIGH = 0x8188_3cc7_8000_22bcn;
export const ACPI_1_LOW = 0x11d3_2d88_eb9d_2d30n;
export const ACPI_1_HIGH = 0x4dc1_3f27_9000_169an;

/** Appendix D: status codes. */
export const EFI_SUCCESS = 0n;
export const EFI_BUFFER_TOO_SMALL = 0x8000_0000_0000_0005n;
export const EFI_NOT_FOUND = 0x8000_0000_0000_000en;
export const EFI_NOT_STARTED = 0x8000_0000_0000_0013n;
export const EFI_ABORTED = 0x8000_0000_0000_0015n;
