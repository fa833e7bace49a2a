/* From golden/references.ts. */

static struct AddressedPair references_own __attribute__((aligned(4)));

#line 25 "golden/references.ts"
uint32_t references_nth(struct AddressedPair *pair, uint32_t index) {
#line 26 "golden/references.ts"
  return ((struct array_2_u32 *)pair)->at[index & 1];
}

#line 29 "golden/references.ts"
bool references_takeBoth(struct AddressedPair *pair) {
#line 30 "golden/references.ts"
  return memory_exchange32(&pair->lock, 1) == 0 && memory_exchange32(&references_own.lock, 1) == 0;
}

#line 34 "golden/references.ts"
uint32_t references_behind(struct AddressedPair *pair) {
#line 35 "golden/references.ts"
  return ((struct AddressedPair *)platform_physical(platform_addressOf(pair) + 12))->first;
}

#line 38 "golden/references.ts"
uint64_t references_where(struct AddressedPair *pair) {
#line 39 "golden/references.ts"
  return platform_addressOf(pair);
}
