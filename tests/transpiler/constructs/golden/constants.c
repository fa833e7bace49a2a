/* From golden/constants.ts. */

#line 13 "golden/constants.ts"
uint64_t constants_all(uint32_t index) {
#line 14 "golden/constants.ts"
  if (constants_IS_SMALL && index == constants_SIGN) {
#line 14 "golden/constants.ts"
    return constants_TOP;
  }
#line 15 "golden/constants.ts"
  return index == constants_NAME.length ? (uint64_t)(constants_PAGE + constants_LENGTH) : (uint64_t)constants_LOWEST & constants_PAGE_MASK;
}
