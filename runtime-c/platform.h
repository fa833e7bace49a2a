/* The definitions that transpiler/emit/prelude.h requires, and the intrinsics of kernel/x86/platform.ts. */
#pragma once

#include "memory.h"
#include "svm.h"
#include "vmx.h"
#include "x86.h"

/* Addresses in the image (linker/toolchain/tsvm.ld), and the bundle's size (header.asm). */
extern char image_text[], image_constants[], image_symbols[], image_data[], image_stacks[], image_end[];
extern char tsvm_exception_stubs[], tsvm_trampoline[], tsvm_parking[], tsvm_bios_block[];
extern const volatile uint64_t image_bundle;

/* What assembly repeats of TypeScript: layout.inc, and what exceptions.asm pushes. Other offsets are in build/c/offsets.inc. */
_Static_assert(x86_platform_DIRECT == DIRECT, "layout.inc");
_Static_assert(offsetof(struct ExceptionFrame, vector) == 15 * 8, "exceptions.asm");

void tsvm_relocate(uint64_t to, uint64_t tables);
_Noreturn void tsvm_svm_run(uint64_t vcpu);
_Noreturn void tsvm_vmx_run(uint64_t vcpu);

/* Inlines all calls: a called function might use the registers that must be kept (linker/toolchain/keptRegisters.ts). */
__attribute__((flatten)) void vmx_exits_cpuid_onQuickCpuid(struct Vcpu *, uint32_t, uint64_t, uint32_t) __asm__("tsvm_vmx_cpuid");

/* These run at each access that is intercepted, or at each exit for which the guest's instruction is read: they are inlined. */
#define HOT static inline __attribute__((always_inline))
HOT uint64_t space_guestPaging_guestPhysical(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
HOT uint64_t space_guestPaging_walkFour(struct GuestPath *, uint64_t, uint64_t);
HOT uint64_t space_guestPaging_walkThree(struct GuestPath *, uint64_t, uint64_t);
HOT uint64_t space_guestPaging_walkTwo(struct GuestPath *, uint64_t, uint64_t);
HOT uint32_t svm_control_guestCode_fetchInstruction(Bytes, struct Vmcb *, uint32_t);
HOT uint32_t vmx_control_guestCode_fetchInstruction(Bytes, uint32_t);
HOT uint32_t exits_emulate_decodeAccess(struct Emulation *, Bytes, uint32_t, uint32_t, uint32_t);
HOT uint32_t instruction_decode_decode(struct Instruction *, Bytes, uint32_t, uint32_t, uint32_t);
HOT uint32_t instruction_decode_decodePrefixes(struct Instruction *, Bytes, uint32_t, uint32_t);
HOT uint32_t exits_emulate_emulateStore(struct Vcpu *, struct Emulation *, uint32_t);
HOT void svm_control_instruction_finishInstruction(struct Vmcb *, uint32_t, uint32_t);
HOT uint32_t exits_regions_accessRegion(struct Vcpu *, struct Access *, uint32_t);
HOT uint32_t exits_emulate_writeOperand(struct Vcpu *, struct Access *, uint32_t, uint64_t);
HOT uint32_t exits_ports_readPort(struct Vcpu *, uint16_t, uint32_t, uint64_t);
HOT uint32_t exits_ports_writePort(struct Vcpu *, uint16_t, uint32_t, uint64_t);
HOT uint32_t exits_ports_askOwners(struct Vcpu *, struct Access *);
HOT uint32_t instruction_decode_decodeOperands(struct Instruction *, Bytes, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
HOT bool devices_localApic_commands_isSentOn(uint32_t, uint32_t, uint32_t, bool, uint64_t);
HOT void vcpu_sipi_requestResets(void);
#undef HOT

/* These run seldom: inlined, they would take registers from the code around them, which runs often. */
#define APART static __attribute__((noinline))
APART uint64_t exits_emulate_firstBytes(Bytes);
APART void svm_exits_regionAccess_emulateOthers(struct Vcpu *, struct Vmcb *, struct Emulation *, uint32_t, uint32_t);
APART void vmx_exits_regionAccess_emulateOthers(struct Vcpu *, struct Emulation *, uint32_t, uint32_t);
#undef APART
/* Inlined, these would need registers in each exit. */
static __attribute__((noinline)) uint32_t exits_ports_askOtherOwners(struct Vcpu *, struct Access *);

/* Called from those, but seldom: inlined, it would make them save registers at each exit. */
__attribute__((noinline)) static uint64_t space_guestPaging_walkAnywhere(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static inline UNUSED struct ImageBounds platform_imageBounds(void) {
  return (struct ImageBounds){
      .physical = image_physical,
      .text = (uint64_t)image_text,
      .constants = (uint64_t)image_constants,
      .symbols = (uint64_t)image_symbols,
      .data = (uint64_t)image_data,
      .stacks = (uint64_t)image_stacks,
      .end = (uint64_t)image_end,
      .exceptionStubs = (uint64_t)tsvm_exception_stubs,
      .trampoline = (uint64_t)tsvm_trampoline,
      .parking = (uint64_t)tsvm_parking,
      .bundleBytes = image_bundle,
      .biosBlock = (uint64_t)tsvm_bios_block,
  };
}

#include "efi.h"

static inline UNUSED void platform_markAllocation(void) {}

/* With an empty interrupt descriptor table any exception causes a shutdown. */
static inline UNUSED _Noreturn void platform_shutDown(void) {
  x86_lidt(0, 0);
  __builtin_trap();
}
