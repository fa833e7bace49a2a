/*
 * What a checked program has beside prelude.h. The build's platformChecks.h, which is included behind platform.h, defines
 *
 *     static _Noreturn void platform_checkFailed(const char *text);
 *
 * which says `text` and ends the program.
 */
#pragma once

#define CHECK(condition, text)                                        \
  do {                                                                \
    if (__builtin_expect(!(condition), 0)) platform_checkFailed(text); \
  } while (0)

static _Noreturn void platform_checkFailed(const char *text);

/* A product that no 128 bits hold is larger than all that is claimed of it. */
static inline UNUSED __int128 exact_product(__int128 a, __int128 b) {
  const __int128 largest = (__int128)(~(unsigned __int128)0 >> 1);
  __int128 product;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? largest : -largest;
}

static inline UNUSED uint64_t exact_magnitude(__int128 value) {
  return value < 0 ? (uint64_t)-value : (uint64_t)value;
}

/* Of values of 64 bits: the machine does not divide longer ones by itself. Rounded towards 0. */
static inline UNUSED __int128 exact_quotient(__int128 a, __int128 b) {
  const __int128 quotient = exact_magnitude(a) / exact_magnitude(b);
  return (a < 0) == (b < 0) ? quotient : -quotient;
}

/* Of values of 64 bits, with the sign of the first. */
static inline UNUSED __int128 exact_remainder(__int128 a, __int128 b) {
  const __int128 remainder = exact_magnitude(a) % exact_magnitude(b);
  return a < 0 ? -remainder : remainder;
}
