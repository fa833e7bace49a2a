; The first 4 KiB of the file, in front of the image: the headers that make it an EFI application and a Linux bzImage, and the
; code that BIOS loaders enter in real mode. linker/formats/file.ts fills in the fields that depend on the image, which are 0
; here and have a name.

bits    16
org     0

SETUP_BYTES     equ 0x1000
IMAGE           equ SETUP_BYTES         ; offset in the file; for an EFI loader also in memory
EFI_ENTRY       equ IMAGE + 0x10
KERNEL_INFO     equ 0x70
PAGE            equ 0x1000
SECTOR          equ 0x200

        db      "MZ"
        times   0x3c - ($ - $$) db 0
        dd      pe

        times   0x40 - ($ - $$) db 0
%include "setup/pe.inc"

; Documentation/arch/x86/boot.rst of Linux: "The Real-Mode Kernel Header", protocol 2.15.
LOADED_HIGH     equ 1 << 0
ENTRY_64        equ 1 << 0
ABOVE_4_GIB     equ 1 << 1
PROTOCOL        equ 0x020f

        times   0x1f1 - ($ - $$) db 0
linux_header:
        db      SETUP_BYTES / SECTOR - 1
        dw      0                       ; root_flags
        dd      0                       ; syssize: the image, in units of 16 bytes
        dw      0                       ; ram_size
        dw      0xffff                  ; vid_mode: unchanged
        dw      0                       ; root_dev
        dw      0xaa55
        jmp     short start             ; its second byte tells where the header ends
        db      "HdrS"
        dw      PROTOCOL
        dd      0                       ; realmode_swtch
        dw      0                       ; start_sys_seg
        dw      version - 0x200
        db      0                       ; type_of_loader
        db      LOADED_HIGH
        dw      0                       ; setup_move_size
code32_start:
        dd      0x100000
        dd      0, 0                    ; ramdisk_image, ramdisk_size
        dd      0                       ; bootsect_kludge
        dw      0                       ; heap_end_ptr
        db      0, 0                    ; ext_loader_ver, ext_loader_type
        dd      0                       ; cmd_line_ptr
        dd      0x7fffffff              ; initrd_addr_max
        dd      PAGE                    ; kernel_alignment
        db      1                       ; relocatable_kernel
        db      12                      ; min_alignment: 2 to this power
        dw      ENTRY_64 | ABOVE_4_GIB
        dd      2047                    ; cmdline_size
        dd      0                       ; hardware_subarch
        dq      0                       ; hardware_subarch_data
        dd      0, 0                    ; payload_offset, payload_length
        dq      0                       ; setup_data
        dq      0x200000                ; pref_address
        dd      0                       ; init_size: the memory that the image takes
        dd      0                       ; handover_offset
        dd      KERNEL_INFO
linux_header_end:

%include "setup/start.inc"

        times   SETUP_BYTES - 64 - ($ - $$) db 0
version:
        times   64 db 0                 ; version text
