; A kernel that starts the machine's other processors and sends them interrupts in each way the local APIC knows. Its
; command line begins with the number of processors, 2 to 4, whose APIC IDs count from 0. For each way it prints who got
; the interrupt, a bit for each processor:
;   processors: NAME = 0xBITS
; and it ends in a triple fault. With an `i` behind the number, the second processor then sends the first one an INIT.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define COMMAND_LINE  0x228             ; in the zero page
%define APIC          0xfee00000
%define IDENTITY      0x20
%define END           0xb0              ; of interrupt
%define LOGICAL       0xd0
%define FORMAT        0xe0
%define SPURIOUS      0xf0
%define COMMAND       0x300
%define DESTINATION   0x310

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
%define TO_CLUSTERS   0x41              ; has a processor change to the cluster model
%define ATTACK        0x42
%define FLAT          0xffffffff
%define CLUSTERS      0x0fffffff
%define EFER          0xc0000080
%define AP_STACK      2048
%define AT_LEAST      20000000          ; that many counts of the time stamp counter somebody may still get it
%define AT_MOST       20000000000

; to NAME, DESTINATION, COMMAND, EXPECTED: sends, and waits until those have got it, or some seconds.
%macro to 4
        mov     eax, %2
        mov     edx, %3
        mov     ecx, %4
        call    send_and_wait
        show    %1
%endmacro

        lea     rsp, [stack_top]
        mov     rbx, rsi
        call    make_tables
        mov     eax, [rbx + COMMAND_LINE]
        movzx   r15d, byte [rax]
        sub     r15d, '0'               ; how many processors
        mov     r14b, [rax + 1]
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
        to      "INIT, others", 0, OTHERS | INIT, 0
        to      "SIPI, others", 0, OTHERS | STARTUP | (LOW_PAGE >> 12), r12d
        to      "SIPI, others again", 0, OTHERS | STARTUP | (LOW_PAGE >> 12), 0

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

        to      "INIT, for 1 with level 0", 1, 0x8500, 0
        to      "fixed, for 1 after that", 1, FIXED | VECTOR, 2
        to      "INIT, for 1", 1, INIT, 0
        to      "fixed, for 1 after that", 1, FIXED | VECTOR, 0
        to      "SIPI, for 1", 1, STARTUP | (LOW_PAGE >> 12), 2
        to      "fixed, for 1 once more", 1, FIXED | VECTOR, 2
        to      "INIT, logical 2", 2, BY_LOGIC | INIT, 0
        to      "SIPI, for 1 then", 1, STARTUP | (LOW_PAGE >> 12), 2

        to      "all to the cluster model", 0, ALL | FIXED | TO_CLUSTERS, r13d
        to      "fixed, cluster 1", 0x12, BY_LOGIC | FIXED | VECTOR, 2
        to      "fixed, all of cluster 1", 0x1f, BY_LOGIC | FIXED | VECTOR, r13d
        to      "fixed, cluster 2", 0x2f, BY_LOGIC | FIXED | VECTOR, 0

        cmp     r14b, 'i'
        jne     .end
        begin   "INIT next"
        finish
        to      "survived", 1, FIXED | ATTACK, r13d
.end:   cli
        lidt    [nothing]
        ud2

; ---- eax: destination, edx: command, ecx: who is expected to get it; rax: who has

send_and_wait:
        mov     dword [got], 0
        mov     edi, APIC
        shl     eax, 24
        mov     [rdi + DESTINATION], eax
        mov     [rdi + COMMAND], edx
        mov     r8d, ecx
        call    clock
        lea     r9, [rax + AT_LEAST]
        mov     r10, AT_MOST
        add     r10, rax
.wait:  pause
        call    clock
        cmp     [got], r8d
        je      .enough
        cmp     rax, r10
        jb      .wait
.enough: cmp    rax, r9                 ; somebody else might get it later
        jb      .wait
        mov     eax, [got]
        ret

%define AT_LEAST 20000000
%define AT_MOST  20000000000

clock:  rdtsc
        shl     rdx, 32
        or      rax, rdx
        ret

; ---- what each processor does with its APIC, and on interrupts

; edi: the APIC; eax: the bit of this processor
own_bit:
        mov     edi, APIC
        mov     ecx, [rdi + IDENTITY]
        shr     ecx, 24
        mov     eax, 1
        shl     eax, cl
        ret

use_apic:
        call    own_bit
        shl     eax, 24
        mov     dword [rdi + FORMAT], FLAT
        mov     [rdi + LOGICAL], eax
        mov     dword [rdi + SPURIOUS], 0x1ff
        ret

%macro handler 0
        push    rax
        push    rcx
        push    rdi
        call    own_bit
%endmacro
%macro handled 0
        lock or [got], eax
        pop     rdi
        pop     rcx
        pop     rax
        iretq
%endmacro

counted:
        handler
        mov     dword [rdi + END], 0
        handled
counted_nmi:
        handler
        handled
to_clusters:
        handler
        mov     dword [rdi + FORMAT], CLUSTERS
        mov     ecx, eax
        or      ecx, 0x10
        shl     ecx, 24
        mov     [rdi + LOGICAL], ecx
        mov     dword [rdi + END], 0
        handled
attack:
        handler
        mov     dword [rdi + DESTINATION], 0
        mov     dword [rdi + COMMAND], INIT
        handled
spurious:
        iretq

; Gates besides those of attempts.inc.
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
        mov     [rdi + 8], eax
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
        mov     eax, APIC
        mov     eax, [rax + IDENTITY]
        shr     eax, 24
        imul    eax, AP_STACK
        lea     rsp, [stacks]
        add     rsp, rax
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
nothing: dw 0
         dq 0

        align   16
protected_end:

%include "memory.inc"
stacks:  resb 8 * AP_STACK              ; each ends where the next one starts; processor 0 has another
