; From UEFI firmware, which starts the image as an application.

global tsvm_efi_entry

UNSUPPORTED     equ 0x8000000000000003  ; UEFI Specification 2.10, appendix D

section .text
bits 64
tsvm_efi_entry:
        mov     rax, UNSUPPORTED
        ret
