; A kernel that measures accesses which an owner lets pass (tests/boot/forms/passedOn.ts): to a page of video memory and to a port.
; For each it prints how much longer 1,000 of them take than an empty loop, by the time-stamp counter:
;   passes: NAME = 0xVALUE
; It ends in a triple fault.

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"
%include "measure.inc"
%include "attempts.inc"
%include "video.inc"

%define PORT         0x80

        set_up_serial
        call    make_tables
        measure_nothing
        measure "read of a port"
        in      al, PORT
        end_measure
        measure "write of a port"
        out     PORT, al
        end_measure
        call    find_video_memory
        mov     rbp, rax
        measure "read of 32 bits"
        mov     eax, [rbp + 16]
        end_measure
        measure "read of 8 bits into 32"
        movzx   eax, byte [rbp + 16]
        end_measure
        measure "write of 32 bits"
        mov     [rbp + 16], eax
        end_measure
        measure "OR of 32 bits"
        or      [rbp + 16], eax
        end_measure
        call    wait_for_print
        lidt    [nothing]
        int3

prefix:  db "passes: ", 0
nothing: dw 0
         dq 0

        align   16
protected_end:

%include "memory.inc"
