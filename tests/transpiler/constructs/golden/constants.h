#pragma once

#define addresses_PAGE 4096
#define constants_PAGE_SHIFT 12
#define constants_PAGE 4096
_Static_assert(constants_PAGE == (1 << constants_PAGE_SHIFT), "PAGE");
#define constants_PAGE_MASK (-4096)
_Static_assert(constants_PAGE_MASK == (~((1 << 12) - 1)), "PAGE_MASK");
#define constants_SIGN 2147483648u
_Static_assert(constants_SIGN == ((uint32_t)1 << 31), "SIGN");
#define constants_LOWEST (-2147483647 - 1)
_Static_assert(constants_LOWEST == ((int32_t)constants_SIGN), "LOWEST");
#define constants_TOP 0xffffffff80000000ull
#define constants_NAME STRING("example")
#define constants_IS_SMALL true
_Static_assert(constants_IS_SMALL == (constants_PAGE <= 4096 && constants_TOP != 0), "IS_SMALL");
#define constants_LENGTH 33
_Static_assert(constants_LENGTH == ((uint32_t)(100 / 3)), "LENGTH");
#define enums_Mode_off 0
#define enums_Mode_slow 1
#define enums_Mode_fast 16
