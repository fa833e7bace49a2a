/** Leaves of CPUID, which EAX asks for (SDM 2A, CPUID; APM 3, appendix E). */
export const Leaf = {
  /** EAX: the last basic leaf. EBX, EDX, ECX: the vendor's name. */
  vendor: 0,
  features: 1,
  /** Structured extended features. */
  structuredFeatures: 7,
  /** EAX: the last extended leaf. */
  lastExtended: 0x8000_0000,
  extendedFeatures: 0x8000_0001,
  powerManagement: 0x8000_0007,
  /** The widths of addresses, and on AMD more features. */
  addressSizes: 0x8000_0008,
  svmFeatures: 0x8000_000a,
  memoryEncryption: 0x8000_001f,
  /** On AMD, the features that 8000_0001H has no room for. */
  extendedFeatures2: 0x8000_0021,
} as const;
