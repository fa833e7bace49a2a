; A kernel that measures the hypervisor by the time-stamp counter, which counts instructions if the emulator does. It prints the
; counter at its first instruction, then for each operation how much longer 1,000 of them take than an empty loop:
;   probe: NAME = 0xVALUE

%include "bzimage.inc"
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     r14, rax
        lea     rsp, [stack_top]
%include "print.inc"

%define EFER         0xc0000080
%define VM_CR        0xc0010114
%define PAT          0x277
%define HYPERCALL    0x6d767374
%define APIC         0xfee00000
%define TASK_PRIORITY 0x80
%define COMMAND      0x300
%define DESTINATION  0x310
%define SELF         0x40000            ; the command's shorthand
%define NOBODY       7 << 24            ; no processor has this number
%define OTHERS       0xc0000
%define NMI          0x4400
%define INIT         0x4500
%define STARTUP      0x4600 | (START_PAGE >> 12)
%define START_PAGE   0x98000
%define A_WHILE      1000000
%define POWER_OFF    0xf4

%include "measure.inc"

        mov     rax, r14
        show    "start"

        measure_nothing

        measure "CPUID"
        xor     eax, eax
        cpuid
        end_measure
        measure "RDMSR PAT"
        mov     ecx, PAT
        rdmsr
        end_measure
        measure "RDMSR EFER"
        mov     ecx, EFER
        rdmsr
        end_measure
        measure "RDMSR VM_CR"
        mov     ecx, VM_CR
        rdmsr
        end_measure
        mov     ecx, EFER
        rdmsr
        mov     r10, rax
        measure "WRMSR EFER"
        mov     ecx, EFER
        mov     rax, r10
        xor     edx, edx
        wrmsr
        end_measure
        measure "VMMCALL"
        mov     eax, HYPERCALL
        xor     ecx, ecx
        vmmcall
        end_measure

        measure "APIC write"
        mov     edi, APIC
        mov     dword [rdi + TASK_PRIORITY], 0
        end_measure
        measure "APIC command"
        mov     edi, APIC
        mov     eax, SELF | 0x40
        mov     [rdi + COMMAND], eax
        end_measure

        mov     edi, APIC
        mov     dword [rdi + DESTINATION], NOBODY
        measure "INIT command"
        mov     edi, APIC
        mov     eax, INIT
        mov     [rdi + COMMAND], eax
        end_measure
        measure "SIPI command"
        mov     edi, APIC
        mov     eax, STARTUP
        mov     [rdi + COMMAND], eax
        end_measure

        mov     dword [abs START_PAGE], 0xfdebf4fa ; cli; hlt; and back to it
        mov     dword [rdi + COMMAND], OTHERS | STARTUP
        mov     ecx, A_WHILE            ; until they have arrived there
.wait:  pause
        dec     ecx
        jnz     .wait
        measure "SIPI for all others"
        mov     edi, APIC
        mov     eax, OTHERS | STARTUP
        mov     [rdi + COMMAND], eax
        end_measure
        measure "INIT for all others"
        mov     edi, APIC
        mov     eax, OTHERS | INIT
        mov     [rdi + COMMAND], eax
        end_measure
        measure "NMI for all others"
        mov     edi, APIC
        mov     eax, OTHERS | NMI
        mov     [rdi + COMMAND], eax
        end_measure

        mov     dx, POWER_OFF
        xor     eax, eax
        out     dx, eax
        hlt

prefix: db "probe: ", 0

        align   16
protected_end:

section .bss nobits align=4096
stack:  resb 4096
stack_top:
