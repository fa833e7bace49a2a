; A kernel that raises SMIs, which the firmware handles: on the q35 machine a write to port 0xb2 (APM_CNT) raises one if SMI_EN,
; at PMBASE + 0x30, allows it. It prints:
;   smi: NAME = 0xVALUE

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"

%define APM_CNT      0xb2
%define SMI_EN       0x630              ; SeaBIOS puts PMBASE at 0x600
%define EFER         0xc0000080
%define HYPERCALL    0x6d767374
%define ROUNDS       100
%define POWER_OFF    0xf4

        mov     dx, SMI_EN
        in      eax, dx
        show    "SMI_EN"

        mov     ecx, ROUNDS
.again: xor     eax, eax                ; a value that is no command for the firmware
        out     APM_CNT, al
        dec     ecx
        jnz     .again
        mov     eax, ROUNDS
        show    "interrupts"

        mov     ecx, EFER
        rdmsr
        show    "EFER"
        mov     eax, HYPERCALL
        xor     ecx, ecx
        vmmcall
        show    "hypercall"

        mov     dx, POWER_OFF
        xor     eax, eax
        out     dx, eax
        hlt

prefix: db "smi: ", 0

        align   16
protected_end:

section .bss nobits align=4096
stack:  resb 4096
stack_top:
