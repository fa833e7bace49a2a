; An EFI application for tests. It prints that it was started, and whether AMD-V is off, as for a guest, or on; then it
; switches the machine off. It has one section, with addresses relative to RIP, so that no relocations are needed.

IMAGE_BASE      equ 0
ALIGNMENT       equ 0x1000
DIRECTORIES     equ 6                   ; empty; a signature needs the fifth

VM_CR           equ 0xc0010114
VM_CR_SVMDIS    equ 1 << 4

; Offsets in tables (UEFI Specification 2.10, 4.3, 8.1, 12.4.1).
CONSOLE_OUTPUT  equ 64
RUNTIME_SERVICES equ 88
OUTPUT_STRING   equ 8
RESET_SYSTEM    equ 104
SHUT_DOWN       equ 2

bits 64
default rel
org 0
        db      "MZ"
        times   0x3c - ($ - $$) db 0
        dd      pe
pe:     db      "PE", 0, 0
        dw      0x8664, 1               ; x86-64, one section
        dd      0, 0, 0
        dw      section_table - optional, 0x0206
optional:
        dw      0x020b, 0
        dd      code_bytes, 0, 0
        dd      start, code
        dq      IMAGE_BASE
        dd      ALIGNMENT, 0x200
        dw      0, 0, 0, 0, 0, 0
        dd      0, end, code, 0
        dw      10, 0                   ; an EFI application
        dq      0, 0, 0, 0
        dd      0, DIRECTORIES
        times   DIRECTORIES dq 0
section_table:
        db      ".text", 0, 0, 0
        dd      code_bytes, code, code_bytes, code, 0, 0, 0, 0xe0000020
        times   ALIGNMENT - ($ - $$) db 0

code:
start:  push    rbx
        sub     rsp, 0x20
        mov     rbx, rdx
        lea     rdx, [started]
        call    print
        mov     ecx, VM_CR
        rdmsr
        lea     rdx, [on_machine]
        test    eax, VM_CR_SVMDIS
        jz      .say
        lea     rdx, [as_guest]
.say:   call    print
        mov     rax, [rbx + RUNTIME_SERVICES]
        mov     ecx, SHUT_DOWN
        xor     edx, edx
        xor     r8d, r8d
        xor     r9d, r9d
        call    [rax + RESET_SYSTEM]
        add     rsp, 0x20
        pop     rbx
        xor     eax, eax
        ret

; rdx: text.
print:  mov     rcx, [rbx + CONSOLE_OUTPUT]
        sub     rsp, 0x28
        call    [rcx + OUTPUT_STRING]
        add     rsp, 0x28
        ret

started:        dw      __utf16__("guest: an EFI application"), 13, 10, 0
as_guest:       dw      __utf16__("guest: AMD-V is off"), 13, 10, 0
on_machine:     dw      __utf16__("guest: AMD-V is on"), 13, 10, 0
        align   0x200, db 0
code_bytes      equ $ - code
end:
