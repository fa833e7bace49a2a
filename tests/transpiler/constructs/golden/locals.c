/* From golden/locals.ts. */

#line 6 "golden/locals.ts"
uint32_t locals_fresh(uint32_t value) {
#line 7 "golden/locals.ts"
  struct Scratch scratch_storage_ = {0};
  struct Scratch *const scratch = &scratch_storage_;
#line 8 "golden/locals.ts"
  locals_fill(scratch, value);
#line 9 "golden/locals.ts"
  return scratch->second;
}

#line 12 "golden/locals.ts"
static void locals_fill(struct Scratch *scratch, uint32_t value) {
#line 13 "golden/locals.ts"
  scratch->second = value;
}

#line 17 "golden/locals.ts"
uint32_t locals_features(void) {
#line 18 "golden/locals.ts"
  struct CpuidResult seen_storage_ = x86_cpuid(1, 0);
  struct CpuidResult *const seen = &seen_storage_;
#line 19 "golden/locals.ts"
  return x86_tryRdmsr(0x10).faulted != 0 ? 0 : seen->ecx;
}

#line 23 "golden/locals.ts"
uint32_t locals_either(struct Scratch *other, uint32_t value) {
#line 24 "golden/locals.ts"
  struct Scratch scratch_storage_ = {0};
  struct Scratch *scratch = &scratch_storage_;
#line 25 "golden/locals.ts"
  if (value > 1) {
#line 25 "golden/locals.ts"
    scratch = other;
  }
#line 26 "golden/locals.ts"
  return scratch->first;
}
