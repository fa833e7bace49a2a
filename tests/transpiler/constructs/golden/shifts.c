/* From golden/shifts.ts. */

#line 3 "golden/shifts.ts"
uint32_t shifts_bit(uint32_t index) {
#line 4 "golden/shifts.ts"
  return (uint32_t)1 << (index & 31);
}

#line 7 "golden/shifts.ts"
uint64_t shifts_wideBit(uint32_t index) {
#line 8 "golden/shifts.ts"
  return (uint64_t)1 << (uint64_t)(index % 64);
}

#line 12 "golden/shifts.ts"
uint32_t shifts_upper(uint32_t a, uint8_t b) {
#line 13 "golden/shifts.ts"
  return (a >> 16) + (b >> 4);
}

#line 16 "golden/shifts.ts"
uint64_t shifts_page(uint64_t a) {
#line 17 "golden/shifts.ts"
  return a >> 12;
}

#line 20 "golden/shifts.ts"
bool shifts_isSet(uint64_t a, uint64_t index) {
#line 21 "golden/shifts.ts"
  return index < 64 && ((a >> index) & 1) == 1;
}
