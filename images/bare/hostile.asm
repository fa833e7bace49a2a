; A kernel that attacks the hypervisor below it. It prints one line for each attempt:
;   hostile: NAME done | hostile: NAME #UD | hostile: NAME = 0xVALUE
; and ends in a triple fault. Where its command line begins with a digit, it sends the INIT of that number instead.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define VM_CR        0xc0010114
%define VM_HSAVE_PA  0xc0010117
%define EFER         0xc0000080
%define EFER_SVME    12
%define HYPERCALL    0x6d767374
%define HALF_GIB     0x20000000
%define RESERVED     2
%define COMMAND_LINE 0x228              ; in the zero page
%define APIC_BASE    0x1b
%define APIC         0xfee00000
%define IDENTITY     0x20
%define LOGICAL      0xd0
%define COMMAND      0x300
%define DESTINATION  0x310
%define MESSAGES     0x1000             ; behind the APIC: for processor 1
%define INIT         0x4500
%define SIPI         0x4600

; ---- the attempts

        lea     rsp, [stack_top]
        mov     rbx, rsi
        call    make_tables
        call    find_hidden_memory
        mov     rax, [rbx + COMMAND_LINE]
        mov     eax, eax
        movzx   eax, byte [rax]
        sub     eax, '0'
        cmp     eax, INITS
        jb      send_init

        begin   "VMRUN"
        mov     rax, PREFERRED
        vmrun
        finish
        begin   "VMLOAD"
        mov     rax, PREFERRED
        vmload
        finish
        begin   "VMSAVE"
        mov     rax, PREFERRED
        vmsave
        finish
        begin   "STGI"
        stgi
        finish
        begin   "CLGI"
        clgi
        finish
        begin   "SKINIT"
        mov     eax, PREFERRED
        skinit
        finish
        begin   "INVLPGA"
        xor     eax, eax
        mov     ecx, 1
        invlpga
        finish
        begin   "VMMCALL of another hypervisor"
        xor     eax, eax
        vmmcall
        finish

        mov     ecx, EFER
        rdmsr
        shr     eax, EFER_SVME
        and     eax, 1
        show    "EFER.SVME"
        begin   "set EFER.SVME"
        mov     ecx, EFER
        rdmsr
        bts     eax, EFER_SVME
        wrmsr
        finish
        begin   "write EFER as it is"
        mov     ecx, EFER
        rdmsr
        wrmsr
        finish
        mov     ecx, VM_CR
        rdmsr
        show    "VM_CR"
        begin   "clear VM_CR"
        mov     ecx, VM_CR
        xor     eax, eax
        xor     edx, edx
        wrmsr
        finish
        mov     ecx, VM_CR
        rdmsr
        show    "VM_CR then"
        begin   "write VM_HSAVE_PA"
        mov     ecx, VM_HSAVE_PA
        mov     eax, PREFERRED
        xor     edx, edx
        wrmsr
        finish

        begin   "move the local APIC"
        mov     ecx, APIC_BASE
        rdmsr
        sub     eax, 0x100000
        wrmsr
        finish
        begin   "write APIC_BASE as it is"
        mov     ecx, APIC_BASE
        rdmsr
        wrmsr
        finish
        begin   "renumber the local APIC"
        mov     edi, APIC
        mov     dword [rdi + IDENTITY], 7 << 24
        finish
        mov     edi, APIC
        mov     eax, [rdi + IDENTITY]
        show    "number of the local APIC"
        begin   "64 bits to the local APIC"
        mov     edi, APIC + COMMAND
        mov     eax, INIT | 0x80000
        mov     [rdi], rax
        finish
        begin   "16 bits to the local APIC"
        mov     edi, APIC + COMMAND
        mov     [rdi], ax
        finish
        begin   "strings to the local APIC"
        mov     edi, APIC + COMMAND
        stosd
        finish
        begin   "INIT by other addresses of the command register"
        mov     edi, APIC + COMMAND
        mov     dword [rdi + 4], INIT | 0x80000
        mov     dword [rdi + 8], INIT | 0x80000
        mov     dword [rdi + 12], INIT | 0x80000
        finish
        begin   "INIT by message"
        mov     edi, APIC
        mov     dword [rdi], INIT
        mov     dword [rdi + MESSAGES], INIT
        mov     dword [rdi + MESSAGES + 0xfffc], INIT
        finish
        begin   "SIPI by message"
        mov     edi, APIC
        mov     dword [rdi + MESSAGES], SIPI
        finish

        mov     rax, r13
        shr     rax, 12
        show    "hidden pages"
        begin   "read hidden memory"
        call    count_readable
        finish
        mov     rax, r14
        show    "words that are not ones"
        begin   "page table in hidden memory"
        lea     rax, [directories + 3 * 4096 + 511 * 8]         ; the last 2 MiB below 4 GiB
        lea     rcx, [r12 + 0x5000 + PRESENT + WRITABLE]
        mov     [rax], rcx
        mov     rax, cr3
        mov     cr3, rax
        mov     eax, 0xfffff000
        mov     rax, [rax]
        finish
        begin   "code in hidden memory"
        lea     rax, [r12 + 0x9000]
        jmp     rax
        finish

        begin   "write hidden memory"
        mov     rdi, r12
        mov     rcx, r13
        shr     rcx, 3
        xor     eax, eax
        rep stosq
        finish
        begin   "hypercall after all that"
        mov     eax, HYPERCALL
        xor     ecx, ecx
        vmmcall
        finish
        begin   "triple fault next"
        finish
        lidt    [nothing]
        ud2

; ---- eax: which INIT to send

send_init:
        lea     rcx, [inits]
        mov     rbx, [rcx + rax * 8]
        begin   "INIT next"
        finish
        mov     edi, APIC
        mov     dword [rdi + LOGICAL], 1 << 24
        mov     rax, rbx
        shr     rax, 32
        mov     [rdi + DESTINATION], eax
        mov     [rdi + COMMAND], ebx
        begin   "survived"
        finish
        hlt

; Destination and command. The processor's number is 0.
        align   8
inits:  dd INIT, 0
        dd INIT, 0xff << 24
        dd INIT | 0x40000, 1 << 24      ; itself by shorthand
        dd INIT | 0x80000, 1 << 24      ; all by shorthand
        dd INIT | 0x800, 1 << 24        ; logical
        dd INIT | 0x800, 0xff << 24
INITS   equ ($ - inits) / 8

; ---- r12, r13: start and bytes of the largest reserved range below 512 MiB in the e820 map at rbx

find_hidden_memory:
        xor     r13d, r13d
        movzx   ecx, byte [rbx + 0x1e8]
        lea     rsi, [rbx + 0x2d0]
.next:  cmp     dword [rsi + 16], RESERVED
        jne     .skip
        mov     rax, [rsi]
        add     rax, [rsi + 8]
        cmp     rax, HALF_GIB
        ja      .skip
        cmp     [rsi + 8], r13
        jbe     .skip
        mov     r12, [rsi]
        mov     r13, [rsi + 8]
.skip:  add     rsi, 20
        dec     ecx
        jnz     .next
        ret

; r14: how many words of the hidden memory are not all ones
count_readable:
        xor     r14d, r14d
        mov     rsi, r12
        mov     rcx, r13
        shr     rcx, 3
.next:  cmp     qword [rsi], -1
        je      .ones
        inc     r14
.ones:  add     rsi, 8
        dec     rcx
        jnz     .next
        ret

; ---- data

prefix:  db "hostile: ", 0
nothing: dw 0
         dq 0

        align   16
protected_end:

%include "memory.inc"
