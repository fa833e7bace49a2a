; A kernel that keeps its processor busy in several ways while a task of the hypervisor runs each millisecond. Then it prints
; what the hypervisor reports of that task, and ends the emulator:
;   timers: NAME = 0xVALUE

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"
%include "attempts.inc"
%include "shutdown.inc"

%define HYPERCALL      0x6d767374
%define EXIT_COUNT     1
%define TASK_RESULTS   5
%define TIMER_EXIT     52
%define LOCAL_APIC     0xfee00000
%define APIC_EOI       0xb0
%define APIC_SPURIOUS  0xf0
%define APIC_TIMER     0x320
%define APIC_COUNT     0x380
%define APIC_DIVIDE    0x3e0
%define ENABLED        0x1ff
%define PERIODIC       0x20000
%define BY_ONE         0xb
%define VECTOR         31
%define WAIT           100000
%define SPAN           5000000          ; of the time-stamp counter, for each way

; during ... end_during: repeats the code between them for the span
%macro during 0
%push during
        call    time
        lea     r12, [rax + SPAN]
%$again:
%endmacro
%macro end_during 0
        call    time
        cmp     rax, r12
        jb      %$again
%pop
%endmacro

        set_up_serial
        call    make_tables
        mov     al, 0xff                ; no interrupts from outside
        out     0x21, al
        out     0xa1, al

        during
        end_during

        during
        xor     eax, eax
        cpuid
        end_during

        during
        in      al, 0x80
        end_during

        during
        mov     ecx, 10000
.spin:  pause
        loop    .spin
        end_during

        mov     ebx, LOCAL_APIC
        mov     dword [rbx + APIC_SPURIOUS], ENABLED
        mov     dword [rbx + APIC_DIVIDE], BY_ONE
        mov     dword [rbx + APIC_TIMER], PERIODIC | VECTOR
        mov     dword [rbx + APIC_COUNT], WAIT
        lea     rax, [.woken]
        mov     [resume], rax
        during
        sti
        hlt
.woken: mov     dword [rbx + APIC_EOI], 0
        end_during
        cli

        mov     eax, HYPERCALL
        mov     ecx, TASK_RESULTS
        vmcall
        mov     r12, rbx
        mov     r13, rcx
        mov     r14, rdx
        mov     r15, rsi
        mov     eax, HYPERCALL
        mov     ecx, EXIT_COUNT
        xor     edx, edx
        mov     esi, TIMER_EXIT
        vmcall
        mov     rax, rbx
        show    "exits"
        mov     rax, r12
        show    "runs"
        mov     rax, r13
        show    "latest"
        mov     rax, r14
        show    "period"
        mov     rax, r15
        show    "missed"
        jmp     shut_down

time:   rdtsc
        shl     rdx, 32
        or      rax, rdx
        ret

prefix: db "timers: ", 0

        align   16
protected_end:

%include "memory.inc"
