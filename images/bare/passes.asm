; A kernel that measures accesses which an owner lets pass (tests/boot/forms/passedOn.ts): to a page of video memory and to a port.
; For each it prints how much longer 1,000 of them take than an empty loop, by the time-stamp counter:
;   passes: NAME = 0xVALUE
; It ends in a triple fault.

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"
%include "measure.inc"

%define VIDEO_MEMORY 0xa0000
%define PORT         0x80

        set_up_serial
        measure_nothing
        measure "read of a port"
        in      al, PORT
        end_measure
        measure "write of a port"
        out     PORT, al
        end_measure
        mov     edi, VIDEO_MEMORY
        measure "read of 32 bits"
        mov     eax, [rdi + 16]
        end_measure
        mov     edi, VIDEO_MEMORY
        measure "read of 8 bits into 32"
        movzx   eax, byte [rdi + 16]
        end_measure
        mov     edi, VIDEO_MEMORY
        measure "write of 32 bits"
        mov     [rdi + 16], eax
        end_measure
        mov     edi, VIDEO_MEMORY
        measure "OR of 32 bits"
        or      [rdi + 16], eax
        end_measure
        call    wait_for_print
        lidt    [nothing]
        int3

prefix:  db "passes: ", 0
nothing: dw 0
         dq 0

        align   16
protected_end:

section .bss nobits align=4096
stack:  resb 4096
stack_top:
