/* A check that fails ends the case. */
static UNUSED _Noreturn void platform_checkFailed(const char *text) {
  printf("check failed: %s\n", text);
  longjmp(ending, 1);
}
