; A kernel that starts the APs and sends them interrupts in each way that the local APIC has. Its command line begins with the
; number of processors, 2 to 4, whose APIC IDs count from 0. For each way it prints which processors got the interrupt, with a
; bit for each:
;   processors: NAME = 0xBITS
; It ends in a triple fault. Letters may follow the number:
;   i  at the end the first AP sends the BSP an INIT
;   x  all processors use x2APIC mode, which has no cluster model of its own
;   t  as soon as all run, ask tsvm on VT-x about its timer, and end
;   h  run in the upper half of the addresses, as kernels do
;   m  at the end start the first AP anew while it is in its NMI handler
;   s  the time-stamp counter is slow

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define COMMAND_LINE  0x228             ; in the zero page
%define APIC          0xfee00000

%define INIT          0x4500
%define STARTUP       0x4600
%define FIXED         0x4000
%define NMI           0x4400
%define BY_LOGIC      0x800
%define SELF          0x40000
%define ALL           0x80000
%define OTHERS        0xc0000

%define LOW_PAGE      0x8000            ; where the others start
%define VECTOR        0x40              ; of the interrupts that are counted
%define TO_CLUSTERS   0x41              ; makes a processor change to the cluster model
%define ATTACK        0x42
%define EFER          0xc0000080
%define HIGH_HALF     0xffff800000000000
%define AP_STACK      2048
%define AT_LEAST      20000000          ; counts of the time-stamp counter for which late receivers are waited for
%define AT_MOST       1000              ; times that
%define SLOWER        10                ; as a power of two
%define A_WHILE       2500000           ; counts of such a slow counter: a tenth of a second

%define HYPERCALL     0x6d767374
%define EXIT_COUNT    1
%define TIMER_EXIT    52

; to NAME, DESTINATION, COMMAND, EXPECTED: sends an interrupt and waits, for some seconds at most, until the expected have it.
%macro to 4
        mov     eax, %2
        mov     edx, %3
        mov     ecx, %4
        call    send_and_wait
        show    %1
%endmacro

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        mov     eax, [rbx + COMMAND_LINE]
        movzx   r15d, byte [rax]
        sub     r15d, '0'               ; number of processors
        lea     rsi, [rax + 1]
.more:  lodsb
        cmp     al, 'i'
        sete    cl
        or      [attacks], cl
        cmp     al, 'x'
        sete    cl
        or      [is_wide], cl
        cmp     al, 't'
        sete    cl
        or      [asks], cl
        cmp     al, 'h'
        sete    cl
        or      [is_high], cl
        cmp     al, 'm'
        sete    cl
        or      [holds_nmis], cl
        cmp     al, 's'
        jne     .quick
        shr     qword [at_least], SLOWER
.quick: test    al, al
        jnz     .more
        mov     ecx, r15d
        mov     r13d, 1
        shl     r13d, cl
        dec     r13d                    ; the bits of all
        lea     r12d, [r13d - 1]        ; of all others
        call    add_gates
        call    use_apic
        mov     al, 0xff                ; no interrupts of the old controllers
        out     0x21, al
        out     0xa1, al
        sti

        lea     rsi, [low_code]
        mov     edi, LOW_PAGE
        mov     ecx, low_end - low_code
        rep movsb
        mov     rax, cr3
        mov     [abs LOW_PAGE + low_tables - low_code], eax
        cmp     byte [is_high], 0
        je      .start
        mov     rax, cr3                ; map both halves of the addresses by the same tables
        mov     rcx, [rax]
        mov     [rax + 256 * 8], rcx
        mov     cr3, rax
        mov     rax, HIGH_HALF
        lea     rcx, [.start]
        add     rax, rcx
        jmp     rax
.start: to      "INIT, others", 0, OTHERS | INIT, 0
        to      "SIPI, others", 0, OTHERS | STARTUP | (LOW_PAGE >> 12), r12d
        to      "SIPI, others again", 0, OTHERS | STARTUP | (LOW_PAGE >> 12), 0

        cmp     byte [asks], 0
        jne     ask_of_timer
        to      "fixed, for 1", 1, FIXED | VECTOR, 2
        to      "fixed, for 0", 0, FIXED | VECTOR, 1
        to      "fixed, for 7", 7, FIXED | VECTOR, 0
        to      "fixed, broadcast", 0xff, FIXED | VECTOR, r13d
        to      "fixed, self", 0, SELF | FIXED | VECTOR, 1
        to      "fixed, all", 0, ALL | FIXED | VECTOR, r13d
        to      "fixed, others", 0, OTHERS | FIXED | VECTOR, r12d
        to      "fixed, logical 2", 2, BY_LOGIC | FIXED | VECTOR, 2
        to      "fixed, logical 3", 3, BY_LOGIC | FIXED | VECTOR, 3
        to      "fixed, logical 0x40", 0x40, BY_LOGIC | FIXED | VECTOR, 0
        to      "fixed, logical 0xff", 0xff, BY_LOGIC | FIXED | VECTOR, r13d
        to      "NMI, for 1", 1, NMI, 2
        to      "NMI, others", 0, OTHERS | NMI, r12d
        to      "NMI, logical 2", 2, BY_LOGIC | NMI, 2

        cmp     byte [is_wide], 0
        jne     .inits
        to      "all to the cluster model", 0, ALL | FIXED | TO_CLUSTERS, r13d
        to      "fixed, cluster 1", 0x12, BY_LOGIC | FIXED | VECTOR, 2
        to      "fixed, all of cluster 1", 0x1f, BY_LOGIC | FIXED | VECTOR, r13d
        to      "fixed, cluster 2", 0x2f, BY_LOGIC | FIXED | VECTOR, 0

.inits: to      "INIT, for 1 with level 0", 1, 0x8500, 0
        to      "fixed, for 1 after that", 1, FIXED | VECTOR, 2
        to      "INIT, for 1", 1, INIT, 0
        to      "fixed, for 1 after that", 1, FIXED | VECTOR, 0
        to      "SIPI, for 1", 1, STARTUP | (LOW_PAGE >> 12), 2
        to      "fixed, for 1 once more", 1, FIXED | VECTOR, 2
        to      "INIT, logical 2", 2, BY_LOGIC | INIT, 0
        to      "SIPI, for 1 then", 1, STARTUP | (LOW_PAGE >> 12), 2

        cmp     byte [holds_nmis], 0
        jne     hold_nmis
        cmp     byte [attacks], 0
        je      end
        begin   "INIT next"
        finish
        to      "survived", 1, FIXED | ATTACK, r13d
end:    cli
        call    wait_for_print
        lidt    [nothing]
        ud2

; Masks NMIs on this processor until an IRET.
hold_nmis:
        mov     ecx, 2
        lea     rax, [.handler]
        call    add_gates.set
        xor     eax, eax
        mov     edx, NMI
        call    send
.wait:  jmp     .wait
.handler:
        to      "INIT, with NMIs held back", 1, INIT, 0
        to      "SIPI, with NMIs held back", 1, STARTUP | (LOW_PAGE >> 12), 0
        to      "fixed, for 1 at last", 1, FIXED | VECTOR, 0
        jmp     end

; Prints how many exits the hypervisor's timer has caused on this processor, and how many some of its periods later.
ask_of_timer:
        call    a_while
        call    timer_exits
        show    "exits of the timer"
        call    a_while
        call    timer_exits
        show    "later"
        jmp     end

timer_exits:
        mov     eax, HYPERCALL
        mov     ecx, EXIT_COUNT
        xor     edx, edx
        mov     esi, TIMER_EXIT
        vmcall
        xor     eax, eax
        cmp     ecx, TIMER_EXIT         ; otherwise the answer is of the first later reason
        cmove   rax, rbx
        ret

a_while:
        call    clock
        lea     r9, [rax + A_WHILE]
.wait:  call    clock
        cmp     rax, r9
        jb      .wait
        ret

; ---- eax: destination, edx: command, ecx: expected receivers; returns the actual receivers in rax

send_and_wait:
        mov     dword [got], 0
        mov     r8d, ecx
        call    send
        call    clock
        mov     r10, [at_least]
        lea     r9, [rax + r10]
        imul    r10, AT_MOST
        add     r10, rax
.wait:  pause
        call    clock
        cmp     [got], r8d
        je      .enough
        cmp     rax, r10
        jb      .wait
.enough: cmp    rax, r9                 ; wait on: others might get it later
        jb      .wait
        mov     eax, [got]
        ret

clock:  rdtsc
        shl     rdx, 32
        or      rax, rdx
        ret

%include "processorApic.inc"

; Adds gates to those of attempts.inc.
add_gates:
        mov     word [gate_register], 256 * 16 - 1
        lidt    [gate_register]
        mov     ecx, VECTOR
        lea     rax, [counted]
        call    .set
        mov     ecx, TO_CLUSTERS
        lea     rax, [to_clusters]
        call    .set
        mov     ecx, ATTACK
        lea     rax, [attack]
        call    .set
        mov     ecx, 0xff
        lea     rax, [spurious]
        call    .set
        mov     ecx, 2
        lea     rax, [counted_nmi]
.set:   lea     rdi, [gates]
        shl     ecx, 4
        add     rdi, rcx
        mov     [rdi], ax
        mov     word [rdi + 2], cs
        mov     word [rdi + 4], 0x8e00
        shr     rax, 16
        mov     [rdi + 6], ax
        shr     rax, 16
        mov     [rdi + 8], rax
        ret

; ---- where the others start, copied to LOW_PAGE

bits 16
low_code:
        cli
        mov     ax, cs
        mov     ds, ax
        mov     eax, 1 << 5             ; PAE
        mov     cr4, eax
        mov     eax, [low_tables - low_code]
        mov     cr3, eax
        mov     ecx, EFER
        rdmsr
        bts     eax, 8                  ; LME
        wrmsr
        o32 lgdt [low_register - low_code]
        mov     eax, 0x80000011         ; PG, ET, PE
        mov     cr0, eax
        jmp     dword 0x10:low_long
        align   8
low_tables: dd 0
low_register:
        dw      4 * 8 - 1
        dd      early_table
low_end:

bits 64
low_long:
        mov     eax, 0x18
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     eax, 1
        cpuid
        shr     ebx, 24                 ; its APIC ID, in any mode of the APIC
        imul    ebx, AP_STACK
        lea     rsp, [stacks]
        add     rsp, rbx
        lidt    [gate_register]
        call    use_apic
        call    own_bit
        sti
        lock or [got], eax
.wait:  hlt
        jmp     .wait

prefix:  db "processors: ", 0
        align   4
got:     dd 0
at_least: dq AT_LEAST
is_wide: db 0
attacks: db 0
asks:    db 0
is_high: db 0
holds_nmis: db 0
nothing: dw 0
         dq 0

        align   16
protected_end:

%include "memory.inc"
stacks:  resb 8 * AP_STACK              ; each ends where the next one starts; processor 0 has another
