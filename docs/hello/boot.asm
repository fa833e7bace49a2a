; Enters 64-bit mode from a Multiboot loader and calls hello_start.

MAGIC equ 0x1badb002            ; Multiboot 0.6.96, 3.1.1
HAS_ADDRESSES equ 1 << 16       ; this header says where the file goes, so it may be ELF64
PRESENT_WRITABLE equ 3
LARGE_PAGE equ 1 << 7
CR4_PAE equ 1 << 5
EFER equ 0xc0000080
EFER_LME equ 1 << 8
CR0_PG equ 1 << 31

global enter
extern hello_start, image_start, data_end, image_end

section .boot exec align=8
bits 32
header:
    dd MAGIC, HAS_ADDRESSES, -(MAGIC + HAS_ADDRESSES)
    dd header, image_start, data_end, image_end, enter

enter:
    mov esp, stack_end
    mov dword [level4], level3 + PRESENT_WRITABLE
    mov dword [level3], level2 + PRESENT_WRITABLE
    mov ecx, 511
.map:                           ; the first GiB, as it is, in pages of 2 MiB
    mov eax, ecx
    shl eax, 21
    or eax, PRESENT_WRITABLE | LARGE_PAGE
    mov [level2 + ecx * 8], eax
    dec ecx
    jns .map

    mov eax, level4
    mov cr3, eax
    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov ecx, EFER
    rdmsr
    or eax, EFER_LME
    wrmsr
    mov eax, cr0
    or eax, CR0_PG
    mov cr0, eax
    lgdt [descriptors.pointer]
    jmp 8:.long

bits 64
.long:
    xor eax, eax
    mov ss, eax
    call hello_start            ; does not return

align 8
descriptors:
    dq 0, 0x00209a0000000000    ; none; 64-bit code
.pointer:
    dw $ - descriptors - 1
    dd descriptors

section .bss nobits alloc write align=4096
level4: resb 4096
level3: resb 4096
level2: resb 4096
stack:  resb 4096
stack_end:
