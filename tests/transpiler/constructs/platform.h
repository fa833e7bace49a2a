/* The least that the construct programs need to compile; nothing here runs. */
static inline void *platform_physical(uint64_t address) {
  return (void *)address;
}

static inline UNUSED uint64_t platform_addressOf(const volatile void *memory) {
  return (uint64_t)memory;
}

static inline UNUSED void platform_copyMemory(uint64_t to, uint64_t from, uint64_t length) {
  __builtin_memmove((void *)to, (const void *)from, length);
}

static inline UNUSED void platform_fillMemory(uint64_t to, uint8_t value, uint64_t length) {
  __builtin_memset((void *)to, value, length);
}

static inline UNUSED struct CpuidResult x86_cpuid(uint32_t leaf, uint32_t subleaf) {
  return (struct CpuidResult){leaf, subleaf, 0, 0};
}

static inline UNUSED struct MsrResult x86_tryRdmsr(uint32_t msr) {
  return (struct MsrResult){.value = msr};
}

static inline UNUSED uint64_t x86_rdmsr(uint32_t msr) {
  return msr;
}

static inline UNUSED void x86_out8(uint16_t port, uint8_t value) {
  (void)port;
  (void)value;
}

static inline UNUSED bool example_beep(uint32_t tone, uint64_t at) {
  return tone == at;
}

_Noreturn static inline UNUSED void x86_haltForever(void) {
  for (;;) {
  }
}
