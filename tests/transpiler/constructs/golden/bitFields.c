/* From golden/bitFields.ts. */

static struct Holder bitFields_holder __attribute__((aligned(16)));

#line 9 "golden/bitFields.ts"
void bitFields_map(struct bits_u64 *entry, uint64_t frame) {
#line 10 "golden/bitFields.ts"
  if (frame > 0xffffffffffull) {
#line 10 "golden/bitFields.ts"
    return;
  }
#line 11 "golden/bitFields.ts"
  entry->value = 0;
#line 12 "golden/bitFields.ts"
  entry->value = (entry->value & ~0xffffffffff000ull) | ((uint64_t)frame << 12);
#line 13 "golden/bitFields.ts"
  entry->value = (entry->value & ~0x1ull) | ((uint64_t)1);
#line 14 "golden/bitFields.ts"
  entry->value = (entry->value & ~0x8000000000000000ull) | ((uint64_t)((entry->value >> 1) & 0x1) << 63);
}

#line 17 "golden/bitFields.ts"
uint32_t bitFields_split(void) {
#line 18 "golden/bitFields.ts"
  bitFields_holder.small.value = (bitFields_holder.small.value & ~0xfu) | ((uint16_t)15);
#line 19 "golden/bitFields.ts"
  bitFields_holder.small.value = (bitFields_holder.small.value & ~0xfff0u) | ((uint16_t)0xfff << 4);
#line 20 "golden/bitFields.ts"
  bitFields_map(&bitFields_holder.entry, 1);
#line 21 "golden/bitFields.ts"
  return (bitFields_holder.small.value & 0xf) + ((bitFields_holder.small.value >> 4) & 0xfff);
}
