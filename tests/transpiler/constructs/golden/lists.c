/* From golden/lists.ts. */

static const uint16_t lists_PORTS[2] = {
  1016,
  760,
};

static const uint64_t lists_LIMITS[2] = {
  1048576,
  18446744073709551615ull,
};

static const uint64_t lists_STARTS[2] = {
  917504,
  983040,
};

#line 7 "golden/lists.ts"
uint16_t lists_port(uint32_t index) {
#line 8 "golden/lists.ts"
  return lists_PORTS[index & 1];
}

#line 11 "golden/lists.ts"
uint64_t lists_limit(uint32_t index) {
#line 12 "golden/lists.ts"
  return index < 2 ? lists_LIMITS[index] : 0;
}

#line 15 "golden/lists.ts"
uint64_t lists_start(void) {
#line 16 "golden/lists.ts"
  return lists_STARTS[1];
}
