/* From golden/order.ts. */

static struct Counter order_counter __attribute__((aligned(16)));

#line 6 "golden/order.ts"
static uint32_t order_next(void) {
#line 7 "golden/order.ts"
  order_counter.value = order_counter.value + 1;
#line 8 "golden/order.ts"
  return order_counter.value;
}

#line 12 "golden/order.ts"
uint32_t order_pair(void) {
#line 13 "golden/order.ts"
  const uint32_t operand1 = order_next() * 16;
  return operand1 + order_next();
}

#line 16 "golden/order.ts"
void order_mixed(Bytes bytes) {
#line 17 "golden/order.ts"
  const uint32_t operand1 = order_counter.value;
  order_counter.value = operand1 + order_next();
#line 18 "golden/order.ts"
  const uint32_t operand2 = order_counter.value & 7;
  order_counter.seen.at[operand2] = order_next();
#line 19 "golden/order.ts"
  const uint32_t operand3 = order_next();
  if (operand3 > order_counter.value) {
#line 19 "golden/order.ts"
    const uint32_t operand4 = order_next();
    order_show(operand4, order_counter.value);
  }
#line 20 "golden/order.ts"
  while (({ const uint32_t operand5 = order_next(); operand5 != order_next(); })) {
#line 21 "golden/order.ts"
    if (bytes.length > 4) {
#line 21 "golden/order.ts"
      const uint32_t operand6 = order_next() & 0;
      bytes_write32(bytes, operand6, order_next());
    }
  }
}

#line 25 "golden/order.ts"
static void order_show(uint32_t a, uint32_t b) {
#line 26 "golden/order.ts"
  order_counter.value = a - b;
}
