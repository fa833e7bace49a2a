/* From golden/addresses.ts. */

#line 5 "golden/addresses.ts"
uint64_t addresses_pageOf(uint64_t address) {
#line 6 "golden/addresses.ts"
  return address & ~(addresses_PAGE - 1);
}

#line 9 "golden/addresses.ts"
uint64_t addresses_offsetIn(uint64_t address) {
#line 10 "golden/addresses.ts"
  return address % addresses_PAGE;
}

#line 13 "golden/addresses.ts"
uint64_t addresses_distance(uint64_t from, uint64_t to) {
#line 14 "golden/addresses.ts"
  return to < from ? 0 : to - from;
}

#line 17 "golden/addresses.ts"
uint64_t addresses_identity(uint64_t address) {
#line 18 "golden/addresses.ts"
  return address;
}

#line 21 "golden/addresses.ts"
uint64_t addresses_next(uint64_t address) {
#line 22 "golden/addresses.ts"
  return address + addresses_PAGE;
}
