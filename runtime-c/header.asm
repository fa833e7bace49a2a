; The start of the image: entries at fixed offsets, fields for tools, and the Multiboot headers. linker/formats/image.ts reads
; and completes it. In the file, runtime-c/setup/ precedes it.

%include "layout.inc"

global image_bundle, image_sums
extern tsvm_entry, tsvm_linux_entry, tsvm_linux_entry_64, tsvm_efi_entry
extern image_text, image_constants, image_data, image_data_end, image_end

MULTIBOOT               equ 0x1badb002
MULTIBOOT_FLAGS         equ 0x00010003  ; modules on pages, memory map, addresses below instead of ELF's

MULTIBOOT2              equ 0xe85250d6
MULTIBOOT2_BYTES        equ multiboot2_end - multiboot2
I386                    equ 0
TAG_END                 equ 0
TAG_INFORMATION         equ 1
TAG_ADDRESS             equ 2
TAG_ENTRY               equ 3
TAG_MODULES_ON_PAGES    equ 6
TAG_RELOCATABLE         equ 10
COMMAND_LINE            equ 1
MODULES                 equ 3
MEMORY_MAP              equ 6
AT_LOWEST               equ 1
PAGE                    equ 0x1000

section .header progbits alloc exec nowrite align=4096
header: bits    32
        jmp     tsvm_linux_entry        ; the start of a bzImage's protected-mode part (Linux boot protocol)

        times   0x10 - ($ - header) db 0
        bits    64
        jmp     tsvm_efi_entry          ; the entry point in the PE header

        times   0x20 - ($ - header) db 0
        db      "TSVMIMG1"
        dd      OFFSET(image_constants), OFFSET(image_data), OFFSET(image_data_end), OFFSET(image_end)
image_bundle:
        dq      0                       ; bytes of the bundle that lies behind image_end
image_sums:
        dd      0, 0                    ; see check_image in boot.asm
        times   32 db 0                 ; build id

        times   0x70 - ($ - header) db 0
        db      "LToP"                  ; kernel_info of the Linux boot protocol
        dd      16, 16, 0

multiboot:
        dd      MULTIBOOT, MULTIBOOT_FLAGS, -(MULTIBOOT + MULTIBOOT_FLAGS)
        dd      PHYSICAL(multiboot), PHYSICAL(image_text), PHYSICAL(image_data_end), PHYSICAL(image_end)
        dd      PHYSICAL(tsvm_entry)

; Multiboot2 Specification 2.0, 3.1. Every tag starts on a boundary of eight bytes.
multiboot2:
        dd      MULTIBOOT2, I386, MULTIBOOT2_BYTES, -(MULTIBOOT2 + I386 + MULTIBOOT2_BYTES)
        dw      TAG_INFORMATION, 0
        dd      20, COMMAND_LINE, MODULES, MEMORY_MAP
        align   8, db 0
        dw      TAG_ADDRESS, 0
        dd      24, PHYSICAL(multiboot2), PHYSICAL(image_text), PHYSICAL(image_data_end), PHYSICAL(image_end)
        dw      TAG_ENTRY, 0
        dd      12, PHYSICAL(tsvm_entry)
        align   8, db 0
        dw      TAG_MODULES_ON_PAGES, 0
        dd      8
        dw      TAG_RELOCATABLE, 0
        dd      24, LOAD, 0xffffffff, PAGE, AT_LOWEST
        dw      TAG_END, 0
        dd      8
multiboot2_end:

        times   0x200 - ($ - header) db 0
        jmp     tsvm_linux_entry_64     ; the 64-bit entry of a bzImage
