; A kernel that prints CPUID's answer for each leaf, and how long CPUID takes by the time-stamp counter, which counts
; instructions if the emulator does. Then it ends the emulator. For each leaf it prints:
;   leaves: leaf = 0xVALUE | subleaf = | ticks = (of 1,000, with the loop around) | eax = | ebx = | ecx = | edx =

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"
%include "shutdown.inc"
        set_up_serial

%define ROUNDS 1000

        lea     r15, [leaves]
.leaf:  mov     r13d, [r15]
        mov     r14d, [r15 + 4]
        mov     ebp, ROUNDS
        rdtsc
        mov     r12d, eax
.round: mov     eax, r13d
        mov     ecx, r14d
        cpuid
        dec     ebp
        jnz     .round
        mov     r8d, eax
        mov     r9d, ebx
        mov     r10d, ecx
        mov     r11d, edx
        rdtsc
        sub     eax, r12d
        mov     r12d, eax
        mov     eax, r13d
        show    "leaf"
        mov     eax, r14d
        show    "subleaf"
        mov     eax, r12d
        show    "ticks"
        mov     eax, r8d
        show    "eax"
        mov     eax, r9d
        show    "ebx"
        mov     eax, r10d
        show    "ecx"
        mov     eax, r11d
        show    "edx"
        add     r15, 8
        lea     rax, [leaves_end]
        cmp     r15, rax
        jb      .leaf

        jmp     shut_down

prefix: db "leaves: ", 0

        align   4
leaves:
%assign leaf 0
%rep 0x21
        dd      leaf, 0
        dd      0x80000000 + leaf, 0
  %assign leaf leaf + 1
%endrep
        dd      4, 1, 4, 2, 4, 3, 4, 4, 7, 1, 0xb, 1, 0xb, 2, 0xd, 1, 0xd, 2, 0xd, 0x3f
        dd      0x40000000, 0, 0x40000001, 0, 0x8ffffff7, 0, 0xffffffff, 0
leaves_end:

        align   16
protected_end:

section .bss nobits align=4096
stack:  resb 4096
stack_top:
