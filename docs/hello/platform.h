/* The platform of this program: physical memory is where its addresses say, and three instructions. */
#pragma once

static inline void *platform_physical(uint64_t address) {
  return (void *)address;
}

static inline UNUSED uint64_t platform_addressOf(const volatile void *memory) {
  return (uint64_t)memory;
}

static inline UNUSED uint8_t x86_in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline UNUSED void x86_out8(uint16_t port, uint8_t value) {
  __asm__ volatile("out %0, %1" : : "a"(value), "Nd"(port));
}

static inline UNUSED _Noreturn void x86_haltForever(void) {
  for (;;) __asm__ volatile("cli; hlt");
}
