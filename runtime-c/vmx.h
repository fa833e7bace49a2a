/* The intrinsics of kernel/vmx/control/operations.ts. */
#pragma once

/* A VMX instruction that the processor refuses sets CF or ZF (SDM 3C 30.2). */
#define VMX_POINTER(name, instruction)                                                                     \
  static inline UNUSED bool vmx_##name(uint64_t page) {                                                    \
    bool refused;                                                                                          \
    __asm__ volatile(instruction " %1" : "=@ccbe"(refused) : "m"(page) : "memory");                        \
    return !refused;                                                                                       \
  }
VMX_POINTER(vmxon, "vmxon")
VMX_POINTER(vmclear, "vmclear")
VMX_POINTER(vmptrld, "vmptrld")

static inline UNUSED void vmx_vmxoff(void) {
  __asm__ volatile("vmxoff" : : : "cc", "memory");
}

static inline UNUSED uint64_t vmx_vmread(uint32_t field) {
  uint64_t value;
  __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
  return value;
}

static inline UNUSED void vmx_vmwrite(uint32_t field, uint64_t value) {
  __asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"((uint64_t)field) : "cc", "memory");
}

static inline UNUSED void vmx_invept(uint64_t kind, uint64_t tables) {
  const uint64_t descriptor[2] = {tables, 0};
  __asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(kind) : "cc", "memory");
}

static inline UNUSED void vmx_invvpid(uint64_t kind, uint16_t processor) {
  const uint64_t descriptor[2] = {processor, 0};
  __asm__ volatile("invvpid %0, %1" : : "m"(descriptor), "r"(kind) : "cc", "memory");
}
