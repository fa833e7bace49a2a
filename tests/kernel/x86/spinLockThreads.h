/* What the emitted lock asks of its platform: threads of one process for processors. */
#pragma once
#include <pthread.h>
#include <sched.h>

/* What a thread returns that stands still for good. */
#define STANDS_STILL ((void *)1)

static inline void *platform_physical(uint64_t address) { return (void *)(uintptr_t)address; }
static inline UNUSED uint64_t platform_addressOf(const volatile void *memory) { return (uintptr_t)memory; }
static inline UNUSED void x86_pause(void) { sched_yield(); }
static inline UNUSED _Noreturn void x86_haltForever(void) {
  pthread_exit(STANDS_STILL);
  __builtin_unreachable();
}
