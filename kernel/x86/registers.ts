/** Registers and bits that AMD and Intel processors share (SDM 3A 2.5 and SDM 4; APM 2, 3.1). */

/** Local APIC base address (SDM 3A 10.4.4; APM 2, 16.3.1). */
export const APIC_BASE = 0x1b;
/** Page attribute table (SDM 3A 11.12; APM 2, 7.8). */
export const PAT = 0x277;
/** Extended feature enable register (SDM 3A 2.2.1; APM 2, 3.1.7). */
export const EFER = 0xc000_0080;
export const EFER_LME = 1n << 8n;
export const EFER_LMA = 1n << 10n;
/** Bit 63 of page-table entries forbids execution. */
export const EFER_NXE = 1n << 11n;
/** Base addresses of FS and GS (SDM 3A 3.4.4; APM 2, 4.5.3). */
export const FS_BASE = 0xc000_0100;
export const GS_BASE = 0xc000_0101;

export const CR0_PE = 1n << 0n;
export const CR0_ET = 1n << 4n;
export const CR0_NE = 1n << 5n;
export const CR0_WP = 1n << 16n;
export const CR0_NW = 1n << 29n;
export const CR0_CD = 1n << 30n;
export const CR0_PG = 1n << 31n;
export const CR4_PSE = 1n << 4n;
export const CR4_PAE = 1n << 5n;
export const CR4_LA57 = 1n << 12n;
export const CR4_PCIDE = 1n << 17n;
export const CR4_OSXSAVE = 1n << 18n;
export const CR4_SMAP = 1n << 21n;
export const CR4_PKE = 1n << 22n;
export const CR4_CET = 1n << 23n;

export const RFLAGS_RESERVED_ONE = 1n << 1n;
export const RFLAGS_TF = 1n << 8n;
export const RFLAGS_IF = 1n << 9n;
/** Code breakpoints are ignored for the next instruction. */
export const RFLAGS_RF = 1n << 16n;
/** An instruction of the supervisor may access pages of users despite SMAP. */
export const RFLAGS_AC = 1n << 18n;
/** Values at reset (SDM 3A 9.1.1; APM 2, 13.1.1). */
export const DR6_RESET = 0xffff_0ff0n;
export const DR7_RESET = 0x400n;
