/* From golden/branches.ts. */

#line 3 "golden/branches.ts"
int32_t branches_sign(int32_t value) {
#line 4 "golden/branches.ts"
  if (value > 0) {
#line 4 "golden/branches.ts"
    return 1;
  } else {
#line 5 "golden/branches.ts"
    if (value < 0) {
#line 5 "golden/branches.ts"
      return -1;
    }
  }
#line 6 "golden/branches.ts"
  return 0;
}

#line 9 "golden/branches.ts"
bool branches_between(uint32_t value, uint32_t low, uint32_t high) {
#line 10 "golden/branches.ts"
  const bool isInside = low <= value && value < high;
#line 11 "golden/branches.ts"
  return isInside || !(low < high);
}

#line 14 "golden/branches.ts"
uint32_t branches_larger(uint32_t a, uint32_t b) {
#line 15 "golden/branches.ts"
  return a > b ? a : b;
}

#line 18 "golden/branches.ts"
uint32_t branches_kind(uint32_t value) {
#line 19 "golden/branches.ts"
  uint32_t found = 0;
#line 20 "golden/branches.ts"
  switch (value) {
    case 1: {
#line 22 "golden/branches.ts"
      found = 10;
      break;
    }
    case 2: {
#line 25 "golden/branches.ts"
      found = 20;
      break;
    }
    default: {
#line 29 "golden/branches.ts"
      found = 0;
      break;
    }
  }
#line 31 "golden/branches.ts"
  return found;
}
