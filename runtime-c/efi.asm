; The ways from UEFI firmware, which starts the image as an application (UEFI Specification 2.10, 2.3.4), and back into it.
;
; Three address spaces occur here. The firmware's maps all memory to itself. The image's own, efi_tables, maps also the image to
; the address that it is linked for, and all memory from DIRECT on. The hypervisor's, once it stays, maps the copy of the image
; to the image's address, so that addresses in the image are valid on both sides of a switch between the last two.

%include "layout.inc"
%include "offsets.inc"

global tsvm_efi_entry, tsvm_efi_call, tsvm_efi_leave, tsvm_efi_virtualize, tsvm_efi_processor, tsvm_efi_load_file
global tsvm_efi_authenticate, tsvm_efi_vouched
extern tsvm_start_efi, tsvm_virtualize, tsvm_check_image, tsvm_map_image
extern image_physical, image_text, main_stack_top, early_pml4, early_pdpt, early_gdt

PRESENT_WRITE   equ 0x003
ENTRIES         equ 512
ADDRESS         equ ~0xfff

; The descriptors of boot.asm.
EARLY_GDT_LIMIT equ 0x17
EARLY_CODE      equ 0x08
EARLY_DATA      equ 0x10

EFER            equ 0xc0000080
EFER_NXE        equ 1 << 11
CR0_WP          equ 1 << 16
CR4_LA57        equ 1 << 12

; Offsets in the system table, the table of boot services and the protocol of the console (UEFI Specification 2.10, 4.3,
; 4.4 and 12.4.1).
CONSOLE_OUTPUT  equ 64
BOOT_SERVICES   equ 96
WATCHDOG        equ 256
OUTPUT_STRING   equ 8

%define SELECTOR(segment) (rdi + ProcessorState. %+ segment + SegmentState.selector)

; EFI_STATUS: UEFI Specification 2.10, appendix D.
INVALID_PARAMETER equ 0x8000000000000002
UNSUPPORTED     equ 0x8000000000000003
BUFFER_TOO_SMALL equ 0x8000000000000005

; Saves the registers that a function called by firmware must preserve. Those for functions called by C are among them.
%macro push_kept 0
        push    rbx
        push    rbp
        push    rdi
        push    rsi
        push    r12
        push    r13
        push    r14
        push    r15
%endmacro
%macro pop_kept 0
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rsi
        pop     rdi
        pop     rbp
        pop     rbx
%endmacro

; Goes on at label %1 in the firmware's address space. Changes r11.
%macro jump_low 1
        mov     r11, [image_physical]
        add     r11, OFFSET(%1)
        jmp     r11
%endmacro

section .text
bits 64
default rel
; Entry from firmware. rcx: handle of the image, rdx: system table. Returns a status.
tsvm_efi_entry:
        push_kept
        pushfq
        cli
        cld
        lea     rbx, [image_text]
        mov     r12, rcx
        mov     r13, rdx
        call    tsvm_check_image
        lea     rdx, [damage]
        jne     refuse
        mov     rax, cr4
        test    eax, CR4_LA57
        lea     rdx, [levels]
        jnz     refuse
        call    make_efi_tables
        mov     [efi_stack], rsp
        mov     rax, cr3
        mov     [efi_root], rax
        mov     [image_physical], rbx
        sidt    [efi_idt]
        lea     rax, [early_pml4]
        mov     [efi_own_root], rax
        mov     cr3, rax
        mov     rax, .high
        jmp     rax
.high:  mov     rsp, main_stack_top
        xor     ebp, ebp                ; ends the chain of frames
        mov     rdi, r12
        mov     rsi, r13
        call    tsvm_start_efi
        mov     rdi, rax

; void tsvm_efi_leave(uint64_t status): returns to the caller of the image. Does not return to C.
tsvm_efi_leave:
        mov     rax, rdi
        mov     rcx, [efi_root]
        mov     rdx, [efi_stack]
        lidt    [efi_idt]
        jump_low .low
.low:   mov     cr3, rcx
        mov     rsp, rdx
        popfq
        pop_kept
        ret

; Prints the text at rdx, switches the watchdog off, and halts. The image may be damaged, so nothing else is done. r13: system table
refuse: push    qword [rsp]
        popfq
        sub     rsp, 0x20
        and     rsp, -16
        mov     rcx, [r13 + CONSOLE_OUTPUT]
        test    rcx, rcx
        jz      .stand
        call    [rcx + OUTPUT_STRING]
.stand: xor     ecx, ecx
        xor     edx, edx
        xor     r8d, r8d
        xor     r9d, r9d
        mov     rax, [r13 + BOOT_SERVICES]
        call    [rax + WATCHDOG]
        cli
.halt:  hlt
        jmp     .halt

; Makes efi_tables: the firmware's lower half, the same memory from DIRECT on, and the image. rbx: the image
make_efi_tables:
        mov     rsi, cr3
        and     rsi, ADDRESS
        lea     rdi, [early_pml4]
        xor     ecx, ecx
.entry: mov     rax, [rsi + rcx * 8]
        mov     [rdi + rcx * 8], rax
        mov     [rdi + rcx * 8 + ENTRIES / 2 * 8], rax
        inc     ecx
        cmp     ecx, ENTRIES / 2
        jb      .entry
        lea     rax, [early_pdpt + PRESENT_WRITE]
        mov     [rdi + ((IMAGE_BASE >> 39) & 511) * 8], rax
        jmp     tsvm_map_image

; uint64_t tsvm_efi_call(uint64_t function, uint64_t a, b, c, d, e, f, g): calls firmware with the address space, the stack and
; the interrupts that it had when it started the image.
tsvm_efi_call:
        push_kept
        mov     rbx, rsp
        mov     r12, [rsp + 9 * 8]      ; f
        mov     r11, [rsp + 10 * 8]     ; g
        mov     r13, [efi_root]
        mov     rbp, cr3
        mov     r14, .high
        mov     r10, [efi_stack]
        mov     r15, [r10]              ; the flags
        sub     rsp, 16
        sidt    [rsp]
        lea     rsp, [r10 - 0x40]
        and     rsp, -16
        mov     [rsp + 0x20], r9        ; the stack's arguments, behind room for those in registers
        mov     [rsp + 0x28], r12
        mov     [rsp + 0x30], r11
        mov     rax, rdi
        mov     r9, r8
        mov     r8, rcx
        mov     rcx, rsi
        lidt    [efi_idt]
        jump_low .low
.low:   mov     cr3, r13
        push    r15
        popfq
        call    rax
        cli
        cld
        mov     cr3, rbp
        jmp     r14
.high:  lea     rsp, [rbx - 16]
        lidt    [rsp]
        mov     rsp, rbx
        pop_kept
        ret

; void tsvm_efi_virtualize(uint64_t tables): the hypervisor with these page tables takes over this processor. When this returns,
; the processor runs as a guest.
tsvm_efi_virtualize:
        pushfq
        push_kept
        mov     rbx, rsp
        mov     rbp, cr3
        mov     ecx, EFER
        rdmsr
        mov     r12d, edx
        shl     r12, 32
        or      r12, rax
        or      eax, EFER_NXE
        wrmsr
        mov     r13, cr0
        mov     rax, r13
        or      eax, CR0_WP
        mov     cr0, rax
        mov     cr3, rdi                ; from here on, this runs in the hypervisor's copy
        mov     rsp, main_stack_top
        mov     rdi, captured
        mov     rax, .guest
        mov     [rdi + ProcessorState.rip], rax
        mov     [rdi + ProcessorState.rsp], rbx
        mov     qword [rdi + ProcessorState.rflags], 2
        mov     [rdi + ProcessorState.cr0], r13
        mov     rax, cr2
        mov     [rdi + ProcessorState.cr2], rax
        mov     [rdi + ProcessorState.cr3], rbp
        mov     rax, cr4
        mov     [rdi + ProcessorState.cr4], rax
        mov     [rdi + ProcessorState.efer], r12
        sub     rsp, 16
        sgdt    [rsp]
        call    .take_table
        mov     [rdi + ProcessorState.gdt + TableState.base], rax
        mov     [rdi + ProcessorState.gdt + TableState.limit], ecx
        sidt    [rsp]
        call    .take_table
        mov     [rdi + ProcessorState.idt + TableState.base], rax
        mov     [rdi + ProcessorState.idt + TableState.limit], ecx
        mov     [SELECTOR(es)], es
        mov     [SELECTOR(cs)], cs
        mov     [SELECTOR(ss)], ss
        mov     [SELECTOR(ds)], ds
        mov     [SELECTOR(fs)], fs
        mov     [SELECTOR(gs)], gs
        sldt    [SELECTOR(ldtr)]
        str     [SELECTOR(tr)]
        mov     word [rsp], EARLY_GDT_LIMIT
        mov     rax, early_gdt
        mov     [rsp + 2], rax
        lgdt    [rsp]
        push    EARLY_CODE
        mov     rax, .own_segments
        push    rax
        retfq
.own_segments:
        mov     eax, EARLY_DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rsp, main_stack_top
        xor     ebp, ebp
        call    tsvm_virtualize         ; does not return
.take_table:
        movzx   ecx, word [rsp + 8]
        mov     rax, [rsp + 8 + 2]
        ret
.guest: pop_kept
        popfq
        ret

; void tsvm_efi_processor(uint64_t tables: rcx): does the same on each AP, called by firmware.
tsvm_efi_processor:
        push_kept
        mov     rbx, cr3
        mov     rax, [efi_own_root]
        mov     cr3, rax
        mov     rax, .high
        jmp     rax
.high:  mov     rdi, rcx
        call    tsvm_efi_virtualize
        jump_low .low
.low:   mov     cr3, rbx
        pop_kept
        ret

; EFI_STATUS tsvm_efi_load_file(this: rcx, path: rdx, boot policy: r8, bytes: r9, buffer: on the stack): returns the file that
; `this` describes (kernel/guest/efi/initrd.ts; UEFI Specification 2.10, 13.2).
tsvm_efi_load_file:
        mov     rax, UNSUPPORTED
        test    r8b, r8b
        jnz     .end
        mov     rax, INVALID_PARAMETER
        test    r9, r9
        jz      .end
        mov     r10, [rcx + 16]
        mov     r11, [r9]
        mov     [r9], r10
        mov     rax, BUFFER_TOO_SMALL
        cmp     r11, r10
        jb      .end
        mov     r11, [rsp + 0x28]
        test    r11, r11
        jz      .end
        mov     r8, rdi
        mov     r9, rsi
        mov     rdi, r11
        mov     rsi, [rcx + 8]
        mov     rcx, r10
        cld
        rep     movsb
        mov     rdi, r8
        mov     rsi, r9
        xor     eax, eax
.end:   ret

; EFI_STATUS tsvm_efi_authenticate(this: rcx, path: rdx, file: r8, bytes: r9, boot policy: on the stack): replaces the firmware's
; check of a file (PI Specification 1.7, volume 2, 12.9.2). It accepts the one file that the image's own signature covers
; (kernel/guest/efi/security.ts); all others are checked by the firmware.
tsvm_efi_authenticate:
        cmp     r8, [tsvm_efi_vouched]
        jne     .ask
        cmp     r9, [tsvm_efi_vouched + 8]
        jne     .ask
        xor     eax, eax
        ret
.ask:   jmp     [tsvm_efi_vouched + 16]

section .rodata
damage: dw      __utf16__("tsvm: the image is damaged"), 13, 10, 0
levels: dw      __utf16__("tsvm: the firmware uses five-level paging, which tsvm cannot take over"), 13, 10, 0

section .bss align=16
captured:       resb ProcessorState_size
; The firmware's state when it started the image.
efi_stack:      resq 1
efi_root:       resq 1
efi_idt:        resb 16
; The file that tsvm_efi_authenticate accepts: its address and bytes; and the function that it replaces.
tsvm_efi_vouched: resq 3
; CR3 of the image's own address space.
efi_own_root:   resq 1
