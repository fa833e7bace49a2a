/* From golden/enums.ts. */

#line 6 "golden/enums.ts"
uint32_t enums_speed(uint32_t mode) {
#line 7 "golden/enums.ts"
  switch (mode) {
    case enums_Mode_off: {
#line 9 "golden/enums.ts"
      return 0;
    }
    case enums_Mode_slow:
    case enums_Mode_fast: {
#line 12 "golden/enums.ts"
      return mode * 10;
    }
    default: {
#line 14 "golden/enums.ts"
      __builtin_unreachable();
    }
  }
}

#line 19 "golden/enums.ts"
bool enums_isOff(uint32_t mode) {
#line 20 "golden/enums.ts"
  switch (mode) {
    case enums_Mode_off: {
#line 22 "golden/enums.ts"
      return true;
    }
    case enums_Mode_slow:
    case enums_Mode_fast: {
#line 25 "golden/enums.ts"
      return false;
    }
  }
  __builtin_unreachable();
}

#line 29 "golden/enums.ts"
uint32_t enums_other(uint32_t mode) {
#line 30 "golden/enums.ts"
  return mode == enums_Mode_fast ? enums_Mode_slow : enums_Mode_fast;
}
