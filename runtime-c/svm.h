/* The intrinsics of kernel/svm/control/operations.ts. */
#pragma once

static inline UNUSED void svm_clgi(void) {
  __asm__ volatile("clgi" : : : "memory");
}

static inline UNUSED void svm_stgi(void) {
  __asm__ volatile("stgi" : : : "memory");
}
