/** The fields of a VMCS, by their encodings (SDM 3D, appendix B). */

export const Field = {
  vpid: 0x0000,

  hostEsSelector: 0x0c00,
  hostCsSelector: 0x0c02,
  hostSsSelector: 0x0c04,
  hostDsSelector: 0x0c06,
  hostFsSelector: 0x0c08,
  hostGsSelector: 0x0c0a,
  hostTrSelector: 0x0c0c,

  ioBitmapA: 0x2000,
  ioBitmapB: 0x2002,
  msrBitmap: 0x2004,
  exitMsrStoreAddress: 0x2006,
  exitMsrLoadAddress: 0x2008,
  entryMsrLoadAddress: 0x200a,
  tscOffset: 0x2010,
  eptPointer: 0x201a,
  xssExitingBitmap: 0x202c,
  pconfigExitingBitmap: 0x203e,

  guestPhysicalAddress: 0x2400,

  linkPointer: 0x2800,
  guestDebugControl: 0x2802,
  guestPat: 0x2804,
  guestEfer: 0x2806,
  guestPdpte0: 0x280a,
  guestPdpte1: 0x280c,
  guestPdpte2: 0x280e,
  guestPdpte3: 0x2810,
  guestBndcfgs: 0x2812,
  guestPkrs: 0x2818,

  hostPat: 0x2c00,
  hostEfer: 0x2c02,
  hostPkrs: 0x2c06,

  pinControls: 0x4000,
  primaryControls: 0x4002,
  exceptionBitmap: 0x4004,
  pageFaultErrorMask: 0x4006,
  pageFaultErrorMatch: 0x4008,
  cr3TargetCount: 0x400a,
  exitControls: 0x400c,
  exitMsrStoreCount: 0x400e,
  exitMsrLoadCount: 0x4010,
  entryControls: 0x4012,
  entryMsrLoadCount: 0x4014,
  entryInterruptionInformation: 0x4016,
  entryErrorCode: 0x4018,
  entryInstructionLength: 0x401a,
  secondaryControls: 0x401e,

  instructionError: 0x4400,
  exitReason: 0x4402,
  exitInterruptionInformation: 0x4404,
  exitErrorCode: 0x4406,
  idtVectoringInformation: 0x4408,
  idtVectoringErrorCode: 0x440a,
  instructionLength: 0x440c,
  instructionInformation: 0x440e,

  guestGdtrLimit: 0x4810,
  guestIdtrLimit: 0x4812,
  guestInterruptibility: 0x4824,
  guestActivity: 0x4826,
  guestSysenterCs: 0x482a,
  preemptionTimer: 0x482e,

  hostSysenterCs: 0x4c00,

  cr0Mask: 0x6000,
  cr4Mask: 0x6002,
  cr0Shadow: 0x6004,
  cr4Shadow: 0x6006,

  exitQualification: 0x6400,
  guestLinearAddress: 0x640a,

  guestCr0: 0x6800,
  guestCr3: 0x6802,
  guestCr4: 0x6804,
  guestGdtrBase: 0x6816,
  guestIdtrBase: 0x6818,
  guestDr7: 0x681a,
  guestRsp: 0x681c,
  guestRip: 0x681e,
  guestRflags: 0x6820,
  guestPendingDebug: 0x6822,
  guestSysenterEsp: 0x6824,
  guestSysenterEip: 0x6826,
  guestSupervisorCet: 0x6828,
  guestSsp: 0x682a,
  guestSspTable: 0x682c,

  hostCr0: 0x6c00,
  hostCr3: 0x6c02,
  hostCr4: 0x6c04,
  hostFsBase: 0x6c06,
  hostGsBase: 0x6c08,
  hostTrBase: 0x6c0a,
  hostGdtrBase: 0x6c0c,
  hostIdtrBase: 0x6c0e,
  hostSysenterEsp: 0x6c10,
  hostSysenterEip: 0x6c12,
  hostRsp: 0x6c14,
  hostRip: 0x6c16,
  hostSupervisorCet: 0x6c18,
  hostSsp: 0x6c1a,
  hostSspTable: 0x6c1c,
} as const;

/** The guest's segment registers, in the order of the VMCS. */
export const Segment = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, ldtr: 6, tr: 7 } as const;
export type Segment = (typeof Segment)[keyof typeof Segment];

/** Encodings of the four fields of segment register 0. Add 2n for register n. */
export const GUEST_SELECTOR = 0x0800;
export const GUEST_LIMIT = 0x4800;
export const GUEST_RIGHTS = 0x4814;
export const GUEST_BASE = 0x6806;

/** The guest's activity state (SDM 3C 24.4.2). */
export const Activity = { active: 0n, halted: 1n, shutDown: 2n, waitsForSipi: 3n } as const;
