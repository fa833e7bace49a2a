/*
 * In a checked image a failed check is reported as a crash, with the text of the check.
 *
 * The report is called from inline assembly. It has checks itself, so a plain call would make a circle in the compiler's call
 * graph, and the stack would have no bound (linker/toolchain/stack.ts). In fact a second crash ends at once (kernel/crash/crash.ts).
 */
static inline _Noreturn void platform_checkFailed(const char *text) {
  __asm__ volatile("call tsvm_check_failed" : : "D"(text));
  __builtin_unreachable();
}

/* The world switch does not save all registers (runtime-c/vmx.asm), and checks use more of them, so this function saves its own. */
__attribute__((no_caller_saved_registers)) void vmx_exits_cpuid_onQuickCpuid(struct Vcpu *, uint32_t, uint64_t, uint32_t);

static void crash_crash_beginCrash(void);
static void report_console_print(String text);
static void report_console_endLine(void);
static void crash_backtrace_printBacktrace(uint64_t innermost);
static _Noreturn void crash_crash_endCrash(void);

static _Noreturn void checkFailed(const char *text) __asm__("tsvm_check_failed");

__attribute__((used)) static _Noreturn void checkFailed(const char *text) {
  String said = {text, 0};
  while (text[said.length] != 0) said.length++;
  crash_crash_beginCrash();
  report_console_print(said);
  report_console_endLine();
  crash_backtrace_printBacktrace((uint64_t)__builtin_frame_address(0));
  crash_crash_endCrash();
}
