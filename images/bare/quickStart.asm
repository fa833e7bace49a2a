; A kernel that starts the AP of a machine with two processors by one INIT and one SIPI with vector 0, without a pause between
; them. It prints whether the AP came, how often, and in which state:
;   quickStart: NAME = 0xVALUE
; It ends in a triple fault. The command line begins with a letter:
;   e       it clears APIC_BASE.EN first, and sets it again
;   s       the AP gets an NMI before the SIPI, and no INIT: it has been waiting for a SIPI since the machine started
;   h or p  the AP then gets an NMI, whose handler halts, or loops with PAUSE, and is started anew. Kernels that crash do so

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define COMMAND_LINE  0x228             ; in the zero page
%define APIC          0xfee00000
%define COMMAND       0x300
%define DESTINATION   0x310
%define INIT          0x4500
%define STARTUP       0x4600
%define NMI           0x4400
%define APIC_BASE     0x1b
%define ENABLED       1 << 11
%define A_WHILE       1000000

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        mov     ebx, [rbx + COMMAND_LINE]
        cmp     byte [rbx], 'e'
        jne     .copy
        mov     ecx, APIC_BASE
        rdmsr
        and     eax, ~(ENABLED)
        wrmsr
        or      eax, ENABLED
        wrmsr
.copy:  lea     rsi, [low_code]
        xor     edi, edi
        mov     ecx, low_end - low_code
        rep movsb

        mov     al, [rbx]
        mov     [abs letter - low_code], al
        mov     ecx, 1
        call    start_other
        cmp     byte [rbx], 'h'
        je      .stop
        cmp     byte [rbx], 'p'
        jne     .show
.stop:  mov     dword [rdi + COMMAND], NMI
.nmi:   pause
        cmp     dword [abs nmis - low_code], 0
        je      .nmi
        call    a_while
        mov     eax, [abs nmis - low_code]
        show    "it got NMIs"
        mov     ecx, 2
        call    start_other
.show:  mov     eax, [abs came - low_code]
        show    "the other processor came"
        mov     eax, [abs code_segment - low_code]
        show    "CS there"
        mov     eax, [abs controls - low_code]
        show    "CR0 there"
        call    wait_for_print
        lidt    [nothing]
        ud2

; Waits until the AP has come ecx times, and then a while in which it might come once more. rdi: local APIC.
start_other:
        mov     edi, APIC
        mov     dword [rdi + DESTINATION], 1 << 24
        mov     eax, INIT
        cmp     byte [rbx], 's'
        jne     .first
        mov     eax, NMI
.first: mov     [rdi + COMMAND], eax
        mov     dword [rdi + COMMAND], STARTUP
.wait:  pause
        cmp     [abs came - low_code], ecx
        jne     .wait
a_while:
        mov     eax, A_WHILE
.later: pause
        dec     eax
        jnz     .later
        ret

; ---- the code where the AP starts, copied to address 0, where the vectors of real mode lie too

bits 16
low_code:
        jmp     short begun
        times 2 * 4 - ($ - low_code) db 0
        dw      nmi - low_code, 0
begun:  xor     eax, eax
        cpuid                           ; causes a VM exit on VT-x, so that a VM entry follows
        mov     eax, cr0
        mov     [cs:controls - low_code], eax
        mov     [cs:code_segment - low_code], cs
        lock inc dword [cs:came - low_code]
.stay:  hlt
        jmp     .stay

nmi:    lock inc dword [cs:nmis - low_code]
        cmp     byte [cs:letter - low_code], 'p'
        je      .pause
.halt:  hlt
        jmp     .halt
.pause: pause
        jmp     .pause
        align   4
nmis:    dd 0
letter:  dd 0
came:    dd 0
code_segment: dd 0
controls: dd 0
low_end:

bits 64
prefix:  db "quickStart: ", 0
nothing: dw 0
         dq 0

        align   16
protected_end:

%include "memory.inc"
