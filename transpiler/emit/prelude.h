/*
 * What every emitted program starts with: the types of the language that C lacks, and the
 * functions that the build's platform.h must supply.
 *
 * The order in image.c: prelude.h, constants.h, layouts.h, platform.h, prototypes.h, the modules.
 * So platform.h may name the program's layouts (`struct CpuidResult`). It defines, as
 * `static inline` functions:
 *
 *     void *platform_physical(uint64_t address);               never NULL
 *     uint64_t platform_addressOf(const volatile void *memory);
 *     void platform_copyMemory(uint64_t to, uint64_t from, uint64_t length);   may overlap
 *     void platform_fillMemory(uint64_t to, uint8_t value, uint64_t length);
 *
 * and each intrinsic under its C spelling, with the C types of its declaration: uint8_t ..
 * uint64_t, int32_t, int64_t, bool, String, and `struct X` by value for a result that is a layout.
 * An intrinsic whose result is `never` is _Noreturn.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A comparison whose outcome its operands' types decide is proved, and meant. */
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"

/* Operators that gcc finds wrong stand where the proof has found that nothing comes. */
#pragma GCC diagnostic ignored "-Wdiv-by-zero"
#pragma GCC diagnostic ignored "-Wshift-count-overflow"
#pragma GCC diagnostic ignored "-Wshift-count-negative"
#pragma GCC diagnostic ignored "-Woverflow"
#pragma GCC diagnostic ignored "-Wsign-compare"

/* Layouts stand where the program puts them, at any alignment, over memory of any type. */
#define LAYOUT __attribute__((packed, may_alias))
#define UNUSED __attribute__((unused))

/* Constant ASCII text. */
typedef struct {
  const char *text;
  uint32_t length;
} String;

/* A window of machine memory; `memory` is NULL for the null reference only. */
typedef struct {
  volatile uint8_t *memory;
  uint64_t start;
  uint32_t length;
} Bytes;

#define STRING(literal) ((String){(literal), sizeof(literal) - 1})
#define NO_BYTES ((Bytes){NULL, 0, 0})

static inline void *platform_physical(uint64_t address);

static inline UNUSED Bytes bytes_window(uint64_t start, uint32_t length) {
  return (Bytes){platform_physical(start), start, length};
}

static inline UNUSED Bytes bytes_part(Bytes bytes, uint32_t offset, uint32_t length) {
  return (Bytes){bytes.memory + offset, bytes.start + offset, length};
}

/* One volatile load and one volatile store per width, at any alignment. */
#define BYTES_ACCESS(bits)                                                                    \
  typedef uint##bits##_t unaligned##bits __attribute__((aligned(1), may_alias));              \
  static inline UNUSED uint##bits##_t bytes_read##bits(Bytes bytes, uint32_t offset) {        \
    return *(const volatile unaligned##bits *)(bytes.memory + offset);                        \
  }                                                                                           \
  static inline UNUSED void bytes_write##bits(Bytes bytes, uint32_t offset, uint##bits##_t value) { \
    *(volatile unaligned##bits *)(bytes.memory + offset) = value;                             \
  }
BYTES_ACCESS(8)
BYTES_ACCESS(16)
BYTES_ACCESS(32)
BYTES_ACCESS(64)

/* Both are full barriers on every processor. */
static inline UNUSED uint32_t memory_exchange32(volatile void *memory, uint32_t value) {
  return __atomic_exchange_n((volatile uint32_t *)memory, value, __ATOMIC_SEQ_CST);
}

static inline UNUSED uint32_t memory_exchangeAdd32(volatile void *memory, uint32_t value) {
  return __atomic_fetch_add((volatile uint32_t *)memory, value, __ATOMIC_SEQ_CST);
}

#define COMPARE_EXCHANGE(bits)                                                                \
  static inline UNUSED uint##bits##_t memory_compareExchange##bits(                           \
      volatile void *memory, uint##bits##_t expected, uint##bits##_t value) {                 \
    __atomic_compare_exchange_n((volatile uint##bits##_t *)memory, &expected, value, false,   \
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                          \
    return expected;                                                                          \
  }
COMPARE_EXCHANGE(32)
COMPARE_EXCHANGE(64)

static inline UNUSED uint32_t builtin_mul32(uint32_t a, uint32_t b) {
  return a * b;
}

static inline UNUSED uint32_t builtin_addSat32(uint32_t a, uint32_t b) {
  return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static inline UNUSED uint64_t builtin_addSat64(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline UNUSED uint64_t builtin_subSat64(uint64_t a, uint64_t b) {
  return a > b ? a - b : 0;
}

static inline UNUSED uint32_t builtin_min32(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

static inline UNUSED uint64_t builtin_min64(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}
