/* From golden/loops.ts. */

#line 3 "golden/loops.ts"
uint32_t loops_sum(uint32_t n) {
#line 4 "golden/loops.ts"
  uint32_t total = 0;
#line 5 "golden/loops.ts"
  for (uint32_t i = 0; i < n; i = i + 1) {
#line 6 "golden/loops.ts"
    if (i == 7) {
#line 6 "golden/loops.ts"
      continue;
    }
#line 7 "golden/loops.ts"
    if (i == 1000) {
#line 7 "golden/loops.ts"
      break;
    }
#line 8 "golden/loops.ts"
    total = total + i;
  }
#line 10 "golden/loops.ts"
  return total;
}

#line 13 "golden/loops.ts"
uint32_t loops_down(uint32_t n) {
#line 14 "golden/loops.ts"
  uint32_t left = n;
#line 15 "golden/loops.ts"
  uint32_t steps = 0;
#line 16 "golden/loops.ts"
  while (left > 0) {
#line 18 "golden/loops.ts"
    left = left - 1;
#line 19 "golden/loops.ts"
    steps = steps + 1;
  }
#line 21 "golden/loops.ts"
  return steps;
}

#line 24 "golden/loops.ts"
uint32_t loops_forever(uint32_t n) {
#line 25 "golden/loops.ts"
  uint32_t i = n;
#line 26 "golden/loops.ts"
  for (;;) {
#line 27 "golden/loops.ts"
    i = i * 3 + 1;
#line 28 "golden/loops.ts"
    if (i % 8 == 0) {
#line 28 "golden/loops.ts"
      return i;
    }
  }
}

#line 32 "golden/loops.ts"
uint32_t loops_skips(uint32_t n) {
#line 33 "golden/loops.ts"
  uint32_t found = 0;
#line 34 "golden/loops.ts"
  for (uint32_t i = 2; i <= 100; i = i + 3) {
#line 35 "golden/loops.ts"
    switch (i) {
      case 5: {
#line 37 "golden/loops.ts"
        continue;
      }
      default: {
#line 39 "golden/loops.ts"
        found = found + n;
        break;
      }
    }
  }
#line 42 "golden/loops.ts"
  return found;
}
