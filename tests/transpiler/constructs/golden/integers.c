/* From golden/integers.ts. */

#line 4 "golden/integers.ts"
uint32_t integers_narrow(uint8_t a, uint16_t b) {
#line 5 "golden/integers.ts"
  const uint32_t sum = a + b;
#line 6 "golden/integers.ts"
  return sum * 2;
}

#line 10 "golden/integers.ts"
bool integers_wide(uint32_t a, uint32_t b) {
#line 11 "golden/integers.ts"
  return (uint64_t)a + b > 0xffffffffu;
}

#line 15 "golden/integers.ts"
int32_t integers_difference(uint8_t a, uint8_t b) {
#line 16 "golden/integers.ts"
  return a - b;
}

#line 19 "golden/integers.ts"
bool integers_signed(int32_t a, int32_t b) {
#line 20 "golden/integers.ts"
  return (int64_t)a - b < -1;
}

#line 23 "golden/integers.ts"
int64_t integers_wideDifference(uint32_t a, uint32_t b) {
#line 24 "golden/integers.ts"
  const uint64_t left = (uint64_t)a;
#line 25 "golden/integers.ts"
  const uint64_t right = (uint64_t)b;
#line 26 "golden/integers.ts"
  return (int64_t)left - (int64_t)right;
}

#line 29 "golden/integers.ts"
uint32_t integers_quotient(uint32_t a, uint8_t b) {
#line 30 "golden/integers.ts"
  return b == 0 ? 0 : a / b + a % b;
}

#line 33 "golden/integers.ts"
uint64_t integers_wideQuotient(uint64_t a) {
#line 34 "golden/integers.ts"
  return a / 10 + a % 10;
}

#line 37 "golden/integers.ts"
uint8_t integers_low(uint64_t a) {
#line 38 "golden/integers.ts"
  return (uint8_t)(a & 0xff);
}
