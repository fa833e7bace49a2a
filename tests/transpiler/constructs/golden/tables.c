/* From golden/tables.ts. */

static uint32_t (*const tables_handlers[20])(uint32_t) = {
  [2] = tables_ignore,
  [16] = tables_twice,
  [0 ... 1] = tables_same,
  [3 ... 15] = tables_same,
  [17 ... 19] = tables_same,
};

#line 6 "golden/tables.ts"
static uint32_t tables_same(uint32_t value) {
#line 7 "golden/tables.ts"
  return value;
}

#line 10 "golden/tables.ts"
static uint32_t tables_twice(uint32_t value) {
#line 11 "golden/tables.ts"
  return value * 2;
}

#line 14 "golden/tables.ts"
static uint32_t tables_ignore(UNUSED uint32_t _value) {
#line 15 "golden/tables.ts"
  return 0;
}

#line 20 "golden/tables.ts"
uint32_t tables_handle(uint32_t reason, uint32_t value) {
#line 21 "golden/tables.ts"
  return reason < 20 ? tables_handlers[reason](value) : value;
}
