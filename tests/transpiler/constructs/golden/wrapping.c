/* From golden/wrapping.ts. */

#line 4 "golden/wrapping.ts"
uint32_t wrapping_hash(uint32_t a, uint32_t b) {
#line 5 "golden/wrapping.ts"
  return (a + b) ^ (a - b) ^ (a << 5) ^ ~b;
}

#line 8 "golden/wrapping.ts"
uint8_t wrapping_small(uint8_t a, uint8_t b) {
#line 9 "golden/wrapping.ts"
  return (uint8_t)((uint32_t)a + b);
}

#line 13 "golden/wrapping.ts"
uint16_t wrapping_product(uint16_t a, uint16_t b) {
#line 14 "golden/wrapping.ts"
  return (uint16_t)((uint32_t)a * b);
}

#line 17 "golden/wrapping.ts"
uint64_t wrapping_wide(uint64_t a, uint64_t b) {
#line 18 "golden/wrapping.ts"
  return a * b - 1;
}

#line 21 "golden/wrapping.ts"
uint32_t wrapping_truncated(uint64_t a) {
#line 22 "golden/wrapping.ts"
  return (uint32_t)(a + 1);
}

#line 25 "golden/wrapping.ts"
int32_t wrapping_asSigned(uint32_t a) {
#line 26 "golden/wrapping.ts"
  return (int32_t)a;
}

#line 30 "golden/wrapping.ts"
uint64_t wrapping_exactBelow(uint32_t a, uint32_t b) {
#line 31 "golden/wrapping.ts"
  return (uint64_t)a + b;
}

#line 34 "golden/wrapping.ts"
uint32_t wrapping_fromBoolean(bool a) {
#line 35 "golden/wrapping.ts"
  return (uint32_t)a;
}

#line 38 "golden/wrapping.ts"
uint64_t wrapping_saturated(uint32_t a, uint64_t b) {
#line 39 "golden/wrapping.ts"
  return builtin_min64(builtin_addSat64((uint64_t)builtin_addSat32(a, builtin_min32(a, 7)), b), builtin_subSat64(b, (uint64_t)builtin_mul32(a, 3)));
}
