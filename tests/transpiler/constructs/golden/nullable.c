/* From golden/nullable.ts. */

static struct Item nullable_item __attribute__((aligned(4)));

#line 7 "golden/nullable.ts"
static struct Item *nullable_choose(uint32_t index) {
#line 8 "golden/nullable.ts"
  return index == 0 ? &nullable_item : NULL;
}

#line 11 "golden/nullable.ts"
uint32_t nullable_valueOf(uint32_t index) {
#line 12 "golden/nullable.ts"
  struct Item *const found = nullable_choose(index);
#line 13 "golden/nullable.ts"
  return found != NULL ? found->value : 0;
}

#line 16 "golden/nullable.ts"
uint64_t nullable_place(uint32_t index) {
#line 17 "golden/nullable.ts"
  struct Item *found = NULL;
#line 18 "golden/nullable.ts"
  found = nullable_choose(index);
#line 19 "golden/nullable.ts"
  if (found == NULL) {
#line 19 "golden/nullable.ts"
    return 0;
  }
#line 20 "golden/nullable.ts"
  return platform_addressOf(found);
}
