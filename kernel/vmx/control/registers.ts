/** MSRs and bits that VMX adds or depends on (SDM 3D, appendix A; SDM 4). */

/** IA32_FEATURE_CONTROL says whether the firmware allows VMX (SDM 3C 23.7). */
export const FEATURE_CONTROL = 0x3a;
export const FEATURE_CONTROL_LOCKED = 1n << 0n;
export const FEATURE_CONTROL_VMX = 1n << 2n;

/** Capability MSRs of VMX, one for each word of controls. */
export const VMX_BASIC = 0x480;
export const VMX_PIN = 0x481;
export const VMX_PRIMARY = 0x482;
export const VMX_EXIT = 0x483;
export const VMX_ENTRY = 0x484;
export const VMX_MISC = 0x485;
export const VMX_CR0_FIXED0 = 0x486;
export const VMX_CR0_FIXED1 = 0x487;
export const VMX_CR4_FIXED0 = 0x488;
export const VMX_CR4_FIXED1 = 0x489;
export const VMX_SECONDARY = 0x48b;
export const VMX_EPT_VPID = 0x48c;
export const VMX_TRUE_PIN = 0x48d;
export const VMX_TRUE_PRIMARY = 0x48e;
export const VMX_TRUE_EXIT = 0x48f;
export const VMX_TRUE_ENTRY = 0x490;

export const CR4_VMXE = 1n << 13n;
