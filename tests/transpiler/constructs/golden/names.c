/* From golden/names.ts. */

static struct Words names_words __attribute__((aligned(8)));

#line 7 "golden/names.ts"
uint32_t names_register(uint32_t int_, UNUSED uint32_t unused) {
#line 8 "golden/names.ts"
  const uint32_t long_ = int_ & 0xff;
#line 9 "golden/names.ts"
  names_words.int_ = long_;
#line 10 "golden/names.ts"
  names_words.default_ = long_;
#line 11 "golden/names.ts"
  return names_words.int_;
}
