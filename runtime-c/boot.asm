; From a multiboot loader (Multiboot Specification 0.6.96) to tsvm_start in 64-bit mode.

%include "layout.inc"

global tsvm_entry
extern tsvm_start, image_text, image_data_end, image_end, main_stack_top

MAGIC           equ 0x1badb002
FLAGS           equ 0x00010003          ; modules on pages, memory map, addresses below instead of ELF's

COM1            equ 0x3f8
LINE_STATUS     equ COM1 + 5
SENDER_READY    equ 0x20

LEAF_FEATURES   equ 0x80000001          ; CPUID, EDX: APM 3, E.4.2
FEATURE_NX      equ 1 << 20
FEATURE_LONG    equ 1 << 29

CR4_PAE         equ 1 << 5
EFER            equ 0xc0000080
EFER_LME        equ 1 << 8
EFER_NXE        equ 1 << 11
CR0_PE          equ 1 << 0
CR0_WP          equ 1 << 16
CR0_PG          equ 1 << 31

PRESENT_WRITE   equ 0x003
LARGE           equ 0x080
PAGE            equ 0x1000
LARGE_PAGE      equ 0x200000
EARLY_GIB       equ 4

section .multiboot progbits alloc noexec nowrite align=4
header: dd MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd PHYSICAL(header), PHYSICAL(image_text), PHYSICAL(image_data_end), PHYSICAL(image_end)
        dd PHYSICAL(tsvm_entry)

section .text
bits 32
; eax: the loader's magic, ebx: its information. Interrupts are off, there is no stack.
tsvm_entry:
        cld
        mov     esp, PHYSICAL(main_stack_top)
        mov     edi, eax
        mov     esi, ebx
        call    require_long_mode
        call    make_early_tables
        mov     eax, PHYSICAL(early_pml4)
        mov     cr3, eax
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     ecx, EFER
        rdmsr
        or      eax, EFER_LME | EFER_NXE
        wrmsr
        mov     eax, CR0_PG | CR0_WP | CR0_PE
        mov     cr0, eax
        lgdt    [PHYSICAL(early_gdt_register)]
        jmp     early_code - early_gdt:PHYSICAL(enter_long_mode)

require_long_mode:
        mov     eax, 0x80000000
        cpuid
        cmp     eax, LEAF_FEATURES
        jb      refuse
        mov     eax, LEAF_FEATURES
        cpuid
        and     edx, FEATURE_LONG | FEATURE_NX
        cmp     edx, FEATURE_LONG | FEATURE_NX
        jne     refuse
        ret

; Sends the refusal to COM1 and halts. A port without a UART reads as ready.
refuse: mov     ebx, PHYSICAL(refusal)
.wait:  mov     dx, LINE_STATUS
        in      al, dx
        test    al, SENDER_READY
        jz      .wait
        mov     dx, COM1
        mov     al, [ebx]
        out     dx, al
        inc     ebx
        cmp     byte [ebx], 0
        jne     .wait
.halt:  hlt
        jmp     .halt

; One third-level table serves the identity map, the direct map and the image: they use different entries of it.
make_early_tables:
        mov     eax, PHYSICAL(early_pdpt) + PRESENT_WRITE
        mov     [PHYSICAL(early_pml4)], eax
        mov     [PHYSICAL(early_pml4) + ((DIRECT >> 39) & 511) * 8], eax
        mov     [PHYSICAL(early_pml4) + ((IMAGE_BASE >> 39) & 511) * 8], eax
        mov     dword [PHYSICAL(early_pdpt) + ((IMAGE_BASE >> 30) & 511) * 8], PHYSICAL(early_image) + PRESENT_WRITE
        mov     dword [PHYSICAL(early_image)], LOAD + LARGE + PRESENT_WRITE
        mov     eax, PHYSICAL(early_memory) + PRESENT_WRITE
        xor     ecx, ecx
.table: mov     [PHYSICAL(early_pdpt) + ecx * 8], eax
        add     eax, PAGE
        inc     ecx
        cmp     ecx, EARLY_GIB
        jb      .table
        mov     eax, LARGE + PRESENT_WRITE
        xor     ecx, ecx
.entry: mov     [PHYSICAL(early_memory) + ecx * 8], eax
        add     eax, LARGE_PAGE
        inc     ecx
        cmp     ecx, EARLY_GIB * 512
        jb      .entry
        ret

bits 64
enter_long_mode:
        mov     eax, early_data - early_gdt
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rax, .high
        jmp     rax
.high:  mov     rsp, main_stack_top
        xor     ebp, ebp                ; ends the chain of frames
        mov     edi, edi
        mov     esi, esi
        call    tsvm_start              ; does not return

section .rodata
refusal: db     "tsvm: this processor has no 64-bit mode with no-execute pages, so tsvm cannot run", 13, 10, 0
align 8
; The first three descriptors are the same in kernel/machine/descriptors.ts, so selectors stay valid there.
early_gdt:
        dq      0
early_code:
        dq      0x00209b0000000000      ; code, present, 64-bit, accessed (SDM 3A 3.4.5)
early_data:
        dq      0x0000930000000000      ; data, present, writable, accessed
early_gdt_register:
        dw      early_gdt_register - early_gdt - 1
        dd      PHYSICAL(early_gdt)

section .bss align=4096
early_pml4:     resb PAGE
early_pdpt:     resb PAGE
early_image:    resb PAGE
early_memory:   resb PAGE * EARLY_GIB
