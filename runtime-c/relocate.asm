; void tsvm_relocate(uint64_t to, uint64_t tables): moves the running image.

%include "layout.inc"

global tsvm_relocate
extern image_text, image_end, image_physical

section .text
; All addresses in the image stay the same: the page tables map them to the copy. The stack is copied too, so nothing may be
; pushed between the copy and the switch.
tsvm_relocate:
        mov     rdx, rsi
        mov     r8, rdi
        mov     rax, DIRECT
        add     rdi, rax
        mov     rsi, image_text
        mov     ecx, image_end - IMAGE_BASE
        shr     ecx, 3
        cld
        rep movsq
        mov     cr3, rdx
        mov     [image_physical], r8
        ret
