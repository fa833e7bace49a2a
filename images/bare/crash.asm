; A kernel whose APs show that they run, by printing `+` on COM1 again and again, while the BSP makes the hypercall DEADH. The
; hypervisor does not have this hypercall; a test's image crashes in it. The command line is a letter, which says what the APs
; do besides:
;   p  nothing
;   c  load CR3 again and again, so that their TLBs are empty
;   n  print in an NMI handler

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define COMMAND_LINE 0x228              ; in the zero page
%define LOW_PAGE     0x8000
%define APIC         0xfee00000
%define COMMAND      0x300
%define SPURIOUS     0xf0
%define INIT_OTHERS  0xc4500
%define SIPI_OTHERS  0xc4600 | (LOW_PAGE >> 12)
%define NMI_SELF     0x4400             ; with the destination in the high half
%define DESTINATION  0x310
%define IDENTITY     0x20
%define EFER         0xc0000080
%define HYPERCALL    0x6d767374
%define CRASH        0xdead
%define AUTH         0x68747541         ; of AuthenticAMD
%define ROUNDS       100000             ; of waiting between two of them
%define FLUSHES      1000
%define ENOUGH       3
%define MOST_STACKS  4
%define AP_STACK     1024

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        mov     eax, [rbx + COMMAND_LINE]
        mov     al, [rax]
        mov     [kind], al
        lea     rax, [on_nmi]
        lea     rdi, [gates + 2 * 16]
        mov     [rdi], ax
        shr     rax, 16
        mov     [rdi + 6], ax
        mov     al, 0xff                ; no interrupts
        out     0x21, al
        out     0xa1, al
        lea     rsi, [low_code]
        mov     edi, LOW_PAGE
        mov     ecx, low_end - low_code
        rep movsb
        mov     rax, cr3
        mov     [abs LOW_PAGE + low_tables - low_code], eax
        mov     edi, APIC
        mov     dword [rdi + SPURIOUS], 0x1ff
        mov     dword [rdi + COMMAND], INIT_OTHERS
        call    pause_a_while
.start: mov     edi, APIC
        mov     dword [rdi + COMMAND], SIPI_OTHERS
        call    pause_a_while
        cmp     dword [shown], ENOUGH
        jb      .start
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        mov     eax, HYPERCALL
        mov     ecx, CRASH
        je      .amd
        vmcall
.amd:   vmmcall
.stay:  hlt                             ; the test watches the others
        jmp     .stay

pause_a_while:
        mov     ecx, ROUNDS
.wait:  pause
        loop    .wait
        ret

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
        lock xadd [stacks_used], eax
        and     eax, MOST_STACKS - 1
        inc     eax
        imul    eax, AP_STACK
        lea     rsp, [stacks]
        add     rsp, rax
        lidt    [gate_register]
        cmp     byte [kind], 'n'
        jne     show_life
        mov     edi, APIC
        mov     dword [rdi + SPURIOUS], 0x1ff
        mov     eax, [rdi + IDENTITY]
        mov     [rdi + DESTINATION], eax
        mov     dword [rdi + COMMAND], NMI_SELF
.wait:  pause
        jmp     .wait

; Stays here: without an IRET no other NMI is taken.
on_nmi: jmp     show_life

show_life:
        mov     al, '+'
        mov     dx, COM1
        out     dx, al
        lock inc dword [shown]
        cmp     byte [kind], 'c'
        je      .flush
        mov     ecx, ROUNDS
.wait:  loop    .wait
        jmp     show_life
.flush: mov     ecx, FLUSHES
        mov     rax, cr3
.again: mov     cr3, rax
        loop    .again
        jmp     show_life

prefix: db "crash: ", 0
kind:   db 0
        align   4
shown:  dd 0
stacks_used: dd 0

        align   16
protected_end:

%include "memory.inc"
stacks: resb MOST_STACKS * AP_STACK
