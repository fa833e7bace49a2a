/* The intrinsics of kernel/handover/efiCalls.ts. */
#pragma once

uint64_t tsvm_efi_call(uint64_t service, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
                       uint64_t g);
_Noreturn void tsvm_efi_leave(uint64_t status);
void tsvm_efi_virtualize(uint64_t tables);
extern char tsvm_efi_processor[], tsvm_efi_load_file[], tsvm_efi_authenticate[];
extern uint64_t tsvm_efi_vouched[3];
bool tsvm_try_hypercall(bool is_amd, uint64_t *status);

/* Addresses of functions of efi.asm, for firmware. */
static inline UNUSED uint64_t efi_processorEntry(void) {
  return (uint64_t)tsvm_efi_processor - IMAGE_BASE + image_physical;
}

static inline UNUSED uint64_t efi_loadFileEntry(void) {
  return (uint64_t)tsvm_efi_load_file - IMAGE_BASE + image_physical;
}

static inline UNUSED uint64_t efi_authenticationEntry(void) {
  return (uint64_t)tsvm_efi_authenticate - IMAGE_BASE + image_physical;
}

static inline UNUSED void efi_vouch(uint64_t start, uint64_t bytes, uint64_t former) {
  tsvm_efi_vouched[0] = start;
  tsvm_efi_vouched[1] = bytes;
  tsvm_efi_vouched[2] = former;
}

/* Other hypervisors answer unknown hypercalls with a status other than 0. */
static inline UNUSED bool efi_hypercallAnswers(bool is_amd) {
  uint64_t status = 1;
  return !tsvm_try_hypercall(is_amd, &status) && status == 0;
}

/* The copy knows where it lies. */
static inline UNUSED void efi_copyImage(uint64_t to) {
  uint8_t *copy = platform_physical(to);
  memcpy(copy, image_text, image_end - image_text);
  *(uint64_t *)(copy + ((char *)&image_physical - image_text)) = to;
}

static inline UNUSED uint16_t efi_codeSelector(void) {
  uint16_t selector;
  __asm__("mov %%cs, %0" : "=r"(selector));
  return selector;
}
