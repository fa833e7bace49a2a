/*
 * The machine for the fuzzer: 4 GiB of zeroed memory, followed by pages that fault, and the image's instances, which have machine
 * addresses above. The hypervisor's intrinsics return zero; one that does not return ends the run.
 */
#pragma once
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_BYTES (UINT64_C(1) << 32)
#define FAULTING_BYTES (UINT64_C(1) << 32)
/* The differences between an instance's address here and its machine address. */
#define INSTANCES (UINT64_C(1) << 62)

static uint8_t *memory;
static jmp_buf ending;

static _Noreturn void platform_halt(void) { longjmp(ending, 1); }

static inline void *platform_physical(uint64_t address) {
  if (address >= INSTANCES) return (void *)(uintptr_t)(address - INSTANCES);
  if (address > MEMORY_BYTES + FAULTING_BYTES - 4096) {
    fprintf(stderr, "an address outside memory: %llx\n", (unsigned long long)address);
    abort();
  }
  return memory + address;
}

static inline UNUSED uint64_t platform_addressOf(const volatile void *place) {
  const uint64_t offset = (uintptr_t)place - (uintptr_t)memory;
  return offset < MEMORY_BYTES ? offset : (uintptr_t)place + INSTANCES;
}

static inline UNUSED void platform_copyMemory(uint64_t to, uint64_t from, uint64_t length) {
  memmove(platform_physical(to), platform_physical(from), length);
}

static inline UNUSED void platform_fillMemory(uint64_t to, uint8_t value, uint64_t length) {
  memset(platform_physical(to), value, length);
}

#include "intrinsics.h"
