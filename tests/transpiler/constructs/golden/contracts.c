/* From golden/contracts.ts. */

#line 3 "golden/contracts.ts"
static uint32_t contracts_third(uint32_t n) {
#line 6 "golden/contracts.ts"
  const uint32_t result = n / 3;
#line 8 "golden/contracts.ts"
  return result;
}

#line 11 "golden/contracts.ts"
uint32_t contracts_run(uint32_t n) {
#line 12 "golden/contracts.ts"
  uint32_t total = 0;
#line 13 "golden/contracts.ts"
  for (uint32_t i = 0; i < 4; i = i + 1) {
#line 15 "golden/contracts.ts"
    total = total + contracts_third(i);
  }
#line 17 "golden/contracts.ts"
  return total + n;
}
