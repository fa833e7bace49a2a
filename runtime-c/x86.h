/* The intrinsics of transpiler/lib/x86.ts. */
#pragma once

#include "memory.h"

bool tsvm_try_rdmsr(uint32_t msr, uint64_t *value);
bool tsvm_try_wrmsr(uint32_t msr, uint64_t value);
bool tsvm_try_xsetbv(uint32_t control, uint64_t value);

static inline UNUSED struct CpuidResult x86_cpuid(uint32_t leaf, uint32_t subleaf) {
  uint32_t eax, ebx, ecx, edx;
  __asm__ volatile("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(leaf), "c"(subleaf));
  return (struct CpuidResult){.eax = eax, .ebx = ebx, .ecx = ecx, .edx = edx};
}

static inline UNUSED uint64_t x86_rdtsc(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}

/* Not a volatile load, so that the memory can be the instruction's operand. */
static inline UNUSED uint64_t x86_crc32(uint64_t sum, uint64_t at) {
  return __builtin_ia32_crc32di(sum, *(const unaligned64 *)platform_physical(at));
}

static inline UNUSED uint64_t x86_rdmsr(uint32_t msr) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return (uint64_t)high << 32 | low;
}

static inline UNUSED void x86_wrmsr(uint32_t msr, uint64_t value) {
  __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline UNUSED struct MsrResult x86_tryRdmsr(uint32_t msr) {
  uint64_t value = 0;
  const bool faulted = tsvm_try_rdmsr(msr, &value);
  return (struct MsrResult){.value = value, .faulted = faulted};
}

static inline UNUSED bool x86_tryWrmsr(uint32_t msr, uint64_t value) {
  return !tsvm_try_wrmsr(msr, value);
}

static inline UNUSED bool x86_tryXsetbv(uint32_t control, uint64_t value) {
  return !tsvm_try_xsetbv(control, value);
}

#define PORT_ACCESS(bits, suffix)                                                  \
  static inline UNUSED uint##bits##_t x86_in##bits(uint16_t port) {                \
    uint##bits##_t value;                                                          \
    __asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"(port));            \
    return value;                                                                  \
  }                                                                                \
  static inline UNUSED void x86_out##bits(uint16_t port, uint##bits##_t value) {   \
    __asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"(port));           \
  }
PORT_ACCESS(8, "b")
PORT_ACCESS(16, "w")
PORT_ACCESS(32, "l")

#define CONTROL_READ(name, cr)                                  \
  static inline UNUSED uint64_t x86_read##name(void) {          \
    uint64_t value;                                             \
    __asm__ volatile("mov %%" cr ", %0" : "=r"(value));         \
    return value;                                               \
  }
#define CONTROL_WRITE(name, cr)                                       \
  static inline UNUSED void x86_write##name(uint64_t value) {         \
    __asm__ volatile("mov %0, %%" cr : : "r"(value) : "memory");      \
  }
CONTROL_READ(Cr0, "cr0")
CONTROL_READ(Cr2, "cr2")
CONTROL_READ(Cr3, "cr3")
CONTROL_READ(Cr4, "cr4")
CONTROL_READ(Cr8, "cr8")
CONTROL_READ(Dr6, "dr6")
CONTROL_WRITE(Cr0, "cr0")
CONTROL_WRITE(Cr2, "cr2")
CONTROL_WRITE(Cr3, "cr3")
CONTROL_WRITE(Cr4, "cr4")
CONTROL_WRITE(Cr8, "cr8")
CONTROL_WRITE(Dr0, "dr0")
CONTROL_WRITE(Dr1, "dr1")
CONTROL_WRITE(Dr2, "dr2")
CONTROL_WRITE(Dr3, "dr3")
CONTROL_WRITE(Dr6, "dr6")

static inline UNUSED void x86_invlpg(uint64_t address) {
  __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline UNUSED void x86_wbinvd(void) {
  __asm__ volatile("wbinvd" : : : "memory");
}

static inline UNUSED void x86_pause(void) {
  __asm__ volatile("pause");
}

static inline UNUSED _Noreturn void x86_haltForever(void) {
  for (;;) __asm__ volatile("cli; hlt");
}

/* The operand of LGDT and LIDT. */
struct DescriptorTable {
  uint16_t limit;
  uint64_t base;
} __attribute__((packed));

static inline UNUSED void x86_lgdt(uint64_t base, uint16_t limit) {
  const struct DescriptorTable table = {limit, base};
  __asm__ volatile("lgdt %0" : : "m"(table));
}

static inline UNUSED void x86_lidt(uint64_t base, uint16_t limit) {
  const struct DescriptorTable table = {limit, base};
  __asm__ volatile("lidt %0" : : "m"(table));
}

static inline UNUSED void x86_ltr(uint16_t selector) {
  __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}
