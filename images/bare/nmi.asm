; A kernel that gets NMIs at any moment while CPUID causes VM exits again and again, and events whose delivery causes a VM exit.
; It prints which events it got, and ends the emulator:
;   nmi: NAME = 0xVALUE

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"
%include "attempts.inc"
%include "shutdown.inc"

%define LOCAL_APIC     0xfee00000
%define APIC_ID        0x20
%define APIC_SPURIOUS  0xf0
%define APIC_COMMAND   0x300
%define APIC_TARGET    0x310
%define ENABLED        0x1ff
%define SEND_NMI       0x4400
%define IO_APIC        0xfec00000
%define IO_APIC_DATA   0x10
%define TIMER_PIN      0x14             ; the low word of input 2
%define AS_NMI         0x400
%define MASKED         0x10000
%define TIMER_COMMAND  0x43
%define TIMER          0x40
%define PERIODIC       0x34
%define PERIOD         301              ; in cycles of 1.193182 MHz; not a multiple of the loop's time
%define SPAN           10000000         ; of the time-stamp counter
%define ROUNDS         1000
%define HYPERCALL      0x6d767374
%define MEMORY_KEPT    3
%define FRAME          40               ; bytes of the frame that IRET pops

; set_gate VECTOR, HANDLER
%macro set_gate 2
        lea     rax, [%2]
        mov     [gates + 16 * %1], ax
        shr     rax, 16
        mov     [gates + 16 * %1 + 6], ax
%endmacro
; deliver NAME, INSTRUCTION: executes it with a stack in an untouched page of hidden memory.
%macro deliver 2+
        mov     qword [count], 0
        lea     rax, [%%done]
        mov     [resume], rax
        mov     [kept_stack], rsp
        add     r15, 4096
        mov     rsp, r15
        %2
%%done: mov     rsp, [kept_stack]
        mov     rax, [count]
        show    %1
        mov     rax, [pushed]
        show    {%1, ", error code"}
%endmacro

        set_up_serial
        call    make_tables
        mov     al, 0xff                ; no interrupts from outside
        out     0x21, al
        out     0xa1, al
        mov     ebx, LOCAL_APIC
        mov     dword [rbx + APIC_SPURIOUS], ENABLED
        call    from_timer
        call    in_handler
        call    in_hidden_memory
        jmp     shut_down

; Takes NMIs from the timer while the guest does nothing but cause VM exits.
from_timer:
        set_gate 2, .handler
        mov     qword [count], 0
        mov     esi, IO_APIC
        mov     dword [rsi], TIMER_PIN + 1
        mov     dword [rsi + IO_APIC_DATA], 0
        mov     dword [rsi], TIMER_PIN
        mov     dword [rsi + IO_APIC_DATA], AS_NMI
        mov     al, PERIODIC
        out     TIMER_COMMAND, al
        mov     al, PERIOD & 0xff
        out     TIMER, al
        mov     al, PERIOD >> 8
        out     TIMER, al
        call    time
        mov     r13, rax
        lea     r12, [rax + SPAN]
.again: xor     eax, eax
        cpuid
        call    time
        cmp     rax, r12
        jb      .again
        mov     r14, [count]
        sub     rax, r13
        mov     dword [rsi], TIMER_PIN
        mov     dword [rsi + IO_APIC_DATA], MASKED
        push    r14
        show    "ticks"
        pop     rax
        show    "NMIs"
        mov     eax, PERIOD
        show    "period"
        ret
.handler:
        inc     qword [count]
        iretq

; Each NMI handler sends the next NMI, which has to stay pending until the handler's IRET, despite VM exits before it.
in_handler:
        set_gate 2, .handler
        mov     qword [count], 0
        mov     ebx, LOCAL_APIC
        mov     eax, [rbx + APIC_ID]
        mov     [rbx + APIC_TARGET], eax
        mov     r12d, ROUNDS
.again: mov     qword [left], 1
        mov     dword [rbx + APIC_COMMAND], SEND_NMI
        mov     ecx, 100
.wait:  loop    .wait
        dec     r12d
        jnz     .again
        mov     rax, [count]
        show    "NMIs of two for each round"
        mov     rax, [deepest]
        show    "deepest"
        ret
.handler:
        push    rax
        push    rcx
        push    rdx
        push    rbx
        inc     qword [count]
        inc     qword [depth]
        mov     rax, [depth]
        cmp     rax, [deepest]
        jbe     .not_deeper
        mov     [deepest], rax
.not_deeper:
        cmp     qword [left], 0
        je      .last
        dec     qword [left]
        mov     eax, LOCAL_APIC
        mov     dword [rax + APIC_COMMAND], SEND_NMI
.last:  xor     eax, eax
        cpuid
        xor     eax, eax
        cpuid
        dec     qword [depth]
        pop     rbx
        pop     rdx
        pop     rcx
        pop     rax
        iretq

; Under tsvm only: the first access to a page of hidden memory causes a VM exit during the delivery of an event.
in_hidden_memory:
        lea     rax, [.end]
        mov     [resume], rax
        mov     [kept_stack], rsp
        mov     eax, HYPERCALL
        mov     ecx, MEMORY_KEPT
        vmcall
        mov     r15, rbx
        set_gate 2, delivered
        set_gate 3, delivered
        set_gate 6, delivered
        set_gate 13, delivered_with_code
        set_gate 31, delivered
        mov     ebx, LOCAL_APIC
        deliver "INT3", int3
        deliver "INT", int 31
        deliver "invalid opcode", ud2
        mov     ecx, 0x1230
        deliver "general protection", mov ss, ecx
        deliver "NMI", jmp send
        mov     rsp, [kept_stack]
        jmp     from_hidden_stack
.end:   mov     rsp, [kept_stack]
        ret
send:   mov     dword [rbx + APIC_COMMAND], SEND_NMI
        mov     ecx, 100
.wait:  loop    .wait
        jmp     [resume]

; An IRET at the end of an NMI handler causes a VM exit before it is complete; the next NMI must stay pending until then. All
; hidden memory shows one page, so the frame is written through a touched address and read through an untouched one.
from_hidden_stack:
        set_gate 2, .handler
        mov     qword [count], 0
        mov     qword [left], 1
        mov     dword [rbx + APIC_COMMAND], SEND_NMI
        mov     ecx, 10000
.wait:  loop    .wait
        mov     rax, [count]
        show    "NMIs about an IRET in hidden memory"
        mov     rax, [early]
        show    "of them before its end"
        ret
.handler:
        inc     qword [count]
        cmp     rsp, r15
        jb      .behind
        inc     qword [early]
.behind:
        cmp     qword [left], 0
        je      .last
        dec     qword [left]
        mov     dword [rbx + APIC_COMMAND], SEND_NMI
        push    rcx
        lea     rsi, [rsp + 8]
        lea     rdi, [r15 - FRAME]
        mov     ecx, FRAME / 8
        rep movsq
        pop     rcx
        lea     rsp, [r15 + 4096 - FRAME]
.last:  iretq

delivered_with_code:
        pop     qword [pushed]
        jmp     delivered.count
delivered:
        mov     qword [pushed], 0
.count: inc     qword [count]
        mov     rax, [resume]
        mov     [rsp], rax
        iretq

time:   rdtsc
        shl     rdx, 32
        or      rax, rdx
        ret

prefix: db "nmi: ", 0
        align   8
count:      dq 0
depth:      dq 0
deepest:    dq 0
left:       dq 0
early:      dq 0
kept_stack: dq 0
pushed:     dq 0

        align   16
protected_end:

%include "memory.inc"
