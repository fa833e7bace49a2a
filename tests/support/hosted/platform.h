/*
 * A platform in an ordinary process: machine memory is a list of regions, and each intrinsic is a recorded call. It prints the
 * same as nodeRun.ts; see case.ts.
 *
 * Intrinsics are in the generated intrinsics.h, included at the end.
 */
#pragma once
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct region {
  uint64_t base;
  uint64_t length;
  uint8_t *memory;
  uint8_t *before;
  bool owned;
};

static struct region regions[256];
static unsigned regionCount;
static uint64_t answers[256];
static unsigned answerCount, answersTaken, calls;
/* As in nodeRun.ts. */
#define MOST_CALLS 5000
static jmp_buf ending;

/* Node has run the case, so this happens only by a mistake of the tests. */
static _Noreturn void platform_broken(const char *what) {
  printf("broken: %s\n", what);
  exit(3);
}

static inline void *platform_physical(uint64_t address) {
  for (unsigned i = 0; i < regionCount; i++)
    if (address >= regions[i].base && address - regions[i].base <= regions[i].length)
      return regions[i].memory + (address - regions[i].base);
  platform_broken("no memory at an address");
}

static inline UNUSED uint64_t platform_addressOf(const volatile void *memory) {
  uintptr_t address = (uintptr_t)memory;
  for (unsigned i = 0; i < regionCount; i++) {
    uintptr_t start = (uintptr_t)regions[i].memory;
    if (address >= start && address - start <= regions[i].length) return regions[i].base + (address - start);
  }
  platform_broken("the address of no memory");
}

static inline UNUSED void platform_copyMemory(uint64_t to, uint64_t from, uint64_t length) {
  memmove(platform_physical(to), platform_physical(from), length);
}

static inline UNUSED void platform_fillMemory(uint64_t to, uint8_t value, uint64_t length) {
  memset(platform_physical(to), value, length);
}

static UNUSED _Noreturn void platform_exhausted(void) {
  puts("out of answers");
  longjmp(ending, 1);
}

static UNUSED uint64_t platform_answer(void) {
  if (answersTaken == answerCount) platform_exhausted();
  return answers[answersTaken++];
}

/* Records a call; each intrinsic begins with it. */
static UNUSED void platform_called(void) {
  if (++calls > MOST_CALLS) platform_exhausted();
}

static UNUSED _Noreturn void platform_halt(void) {
  puts("halted");
  longjmp(ending, 1);
}

static UNUSED void show_unsigned(uint64_t value) { printf("%" PRIu64, value); }
static UNUSED void show_signed(int64_t value) { printf("%" PRId64, value); }
static UNUSED void show_boolean(bool value) { fputs(value ? "true" : "false", stdout); }
static UNUSED void show_string(String value) { fwrite(value.text, 1, value.length, stdout); }

static UNUSED void show_reference(const volatile void *value) {
  if (value == NULL) fputs("null", stdout);
  else printf("@%" PRIx64, platform_addressOf(value));
}

static UNUSED void show_bytes(Bytes value) {
  if (value.memory == NULL) fputs("null", stdout);
  else printf("@%" PRIx64 "+%" PRIu32, value.start, value.length);
}

static bool input_word(uint64_t *word) { return fread(word, sizeof *word, 1, stdin) == 1; }

static UNUSED uint64_t input_u64(void) {
  uint64_t word;
  if (!input_word(&word)) platform_broken("the input ends early");
  return word;
}

static void input_bytes(uint8_t *to, uint64_t length) {
  uint64_t padding = -length % 8;
  uint8_t skipped[8];
  if (fread(to, 1, length, stdin) != length || fread(skipped, 1, padding, stdin) != padding)
    platform_broken("the input ends early");
}

static UNUSED String input_string(void) {
  static char texts[16][256];
  static unsigned used;
  uint64_t length = input_u64();
  char *text = texts[used++ % 16];
  if (length > sizeof texts[0]) platform_broken("a text is too long");
  input_bytes((uint8_t *)text, length);
  return (String){text, (uint32_t)length};
}

static UNUSED void *input_reference(void) {
  uint64_t address = input_u64();
  return address == 0 ? NULL : platform_physical(address);
}

static UNUSED Bytes input_window(void) {
  uint64_t start = input_u64();
  uint32_t length = (uint32_t)input_u64();
  return start == 0 ? NO_BYTES : bytes_window(start, length);
}

/* A region of a case: its own memory of exactly its size, or an instance's memory. */
static void input_region(uint8_t *memory, uint64_t size) {
  struct region *region = &regions[regionCount++];
  region->base = input_u64();
  region->length = input_u64();
  region->owned = memory == NULL;
  region->memory = memory != NULL ? memory : malloc(region->length);
  region->before = malloc(region->length);
  if (memory != NULL && size != region->length) platform_broken("an instance has another size");
  input_bytes(region->memory, region->length);
  memcpy(region->before, region->memory, region->length);
}

static void show_changes(void) {
  for (unsigned i = 0; i < regionCount; i++)
    for (uint64_t offset = 0; offset < regions[i].length; offset++)
      if (regions[i].memory[offset] != regions[i].before[offset])
        printf("%" PRIx64 "=%x\n", regions[i].base + offset, regions[i].memory[offset]);
}

static void forget_regions(void) {
  for (unsigned i = 0; i < regionCount; i++) {
    free(regions[i].before);
    if (regions[i].owned) free(regions[i].memory);
  }
  regionCount = 0;
}

#include "intrinsics.h"
