/* Machine memory: its address in the direct map, and the functions of transpiler/lib/memory.ts. */
#pragma once

/* All machine memory is mapped from DIRECT on. runtime-c/layout.inc and linker/toolchain/tsvm.ld have the same addresses. */
#define DIRECT 0xffff800000000000
#define IMAGE_BASE 0xffffffff80000000

/* The image's machine address (boot.asm). */
extern uint64_t image_physical;

static inline void *platform_physical(uint64_t address) {
  return (void *)(DIRECT + address);
}

static inline UNUSED uint64_t platform_addressOf(const volatile void *memory) {
  const uint64_t address = (uint64_t)memory;
  return address >= IMAGE_BASE ? address - IMAGE_BASE + image_physical : address - DIRECT;
}

/* gcc generates calls of these four. */
void *memcpy(void *to, const void *from, size_t length) {
  void *next = to;
  size_t words = length / 8, rest = length % 8;
  __asm__ volatile("rep movsq" : "+D"(next), "+S"(from), "+c"(words) : : "memory");
  __asm__ volatile("rep movsb" : "+D"(next), "+S"(from), "+c"(rest) : : "memory");
  return to;
}

void *memmove(void *to, const void *from, size_t length) {
  if ((uintptr_t)to - (uintptr_t)from >= length) return memcpy(to, from, length);
  uint8_t *last = (uint8_t *)to + length - 1;
  const uint8_t *last_from = (const uint8_t *)from + length - 1;
  size_t words = length / 8, rest = length % 8;
  __asm__ volatile("std; rep movsb" : "+D"(last), "+S"(last_from), "+c"(rest) : : "memory", "cc");
  last -= 7;
  last_from -= 7;
  __asm__ volatile("rep movsq; cld" : "+D"(last), "+S"(last_from), "+c"(words) : : "memory", "cc");
  return to;
}

void *memset(void *to, int value, size_t length) {
  void *next = to;
  size_t words = length / 8, rest = length % 8;
  const uint64_t pattern = (uint8_t)value * 0x0101010101010101;
  __asm__ volatile("rep stosq" : "+D"(next), "+c"(words) : "a"(pattern) : "memory");
  __asm__ volatile("rep stosb" : "+D"(next), "+c"(rest) : "a"(pattern) : "memory");
  return to;
}

int memcmp(const void *left, const void *right, size_t length) {
  const uint8_t *a = left, *b = right;
  for (size_t i = 0; i < length; i++)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}

static inline UNUSED void platform_copyMemory(uint64_t to, uint64_t from, uint64_t length) {
  memmove(platform_physical(to), platform_physical(from), length);
}

static inline UNUSED void platform_fillMemory(uint64_t to, uint8_t value, uint64_t length) {
  memset(platform_physical(to), value, length);
}
