/* From golden/intrinsics.ts. */

#line 16 "golden/intrinsics.ts"
uint64_t intrinsics_run(uint64_t at) {
#line 17 "golden/intrinsics.ts"
  if (!example_beep(440, at)) {
#line 17 "golden/intrinsics.ts"
    intrinsics_stop();
  }
#line 18 "golden/intrinsics.ts"
  return x86_rdmsr(0x10);
}

#line 21 "golden/intrinsics.ts"
_Noreturn void intrinsics_stop(void) {
#line 22 "golden/intrinsics.ts"
  x86_haltForever();
}

#line 25 "golden/intrinsics.ts"
uint32_t intrinsics_vendor(void) {
#line 26 "golden/intrinsics.ts"
  struct CpuidResult seen_storage_ = x86_cpuid(0, 0);
  struct CpuidResult *const seen = &seen_storage_;
#line 27 "golden/intrinsics.ts"
  return seen->ebx;
}
