; A kernel that attacks the hypervisor, on AMD-V and Intel VT-x. It prints one line for each attempt:
;   hostile: NAME done | hostile: NAME #UD | hostile: NAME = 0xVALUE
; It ends in a triple fault. The machine has two processors. If the command line begins with a digit, the kernel only sends the
; INIT of that number.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define HYPERCALL    0x6d767374
%define HALF_GIB     0x20000000
%define RESERVED     2
%define COMMAND_LINE 0x228              ; in the zero page
%define ENTRIES      0x1e8
%define MEMORY_MAP   0x2d0
%define APIC_BASE    0x1b
%define APIC         0xfee00000
%define IDENTITY     0x20
%define LOGICAL      0xd0
%define COMMAND      0x300
%define DESTINATION  0x310
%define INIT         0x4500
%define NMI          0x4400
%define SIPI         0x4600
%define SELF         0x40000
%define NMI_VECTOR   8                  ; in real mode
%define A_WHILE      1000000
%define LOW_PAGE     0x8000             ; where the second processor starts
%define SOON         4                  ; of 2^32 counts of the time-stamp counter
%define AUTH         0x68747541         ; of AuthenticAMD

; ---- the attempts

        lea     rsp, [stack_top]
        mov     rbp, rsi
        call    make_tables
        mov     rax, [rbp + COMMAND_LINE]
        mov     eax, eax
        movzx   eax, byte [rax]
        sub     eax, '0'
        cmp     eax, INITS
        jb      send_init

        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        sete    [is_amd]
        jne     .intel
        call    attack_svm
        jmp     .both
.intel: call    attack_vmx

.both:  call    read_memory
        call    read_trampoline
        call    write_both
        call    attack_processors
        begin   "hypercall after all that"
        call    call_hypervisor
        finish
        begin   "triple fault next"
        finish
        call    wait_for_print
        lidt    [nothing]
        ud2

%include "svmAttempts.inc"
%include "vmxAttempts.inc"

read_memory:
        call    find_hidden_memory
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
        ret

; Reads the page below 1 MiB where the AP will start on Intel's processors.
read_trampoline:
        cmp     byte [is_amd], 0
        jne     .none
        call    find_trampoline
        mov     rax, r13
        show    "bytes of the trampoline"
        begin   "read the trampoline"
        call    count_readable
        finish
        mov     rax, r14
        show    "words that are not ones"
.none:  ret

write_both:
        cmp     byte [is_amd], 0
        jne     .hidden
        call    find_trampoline
        begin   "write the trampoline"
        call    clear_hidden
        finish
.hidden:
        call    find_hidden_memory
        begin   "write hidden memory"
        call    clear_hidden
        finish
        ret

; Starts the AP: everything that its start needs has been attacked before.
attack_processors:
        begin   "APIC base over hidden memory"
        mov     ecx, APIC_BASE
        rdmsr
        and     eax, 0xfff
        or      eax, r12d
        wrmsr
        finish
        begin   "SIPI to itself"
        mov     edi, APIC
        mov     dword [rdi + COMMAND], SELF | SIPI | (LOW_PAGE >> 12)
        mov     dword [rdi + DESTINATION], 0
        mov     dword [rdi + COMMAND], SIPI | (LOW_PAGE >> 12)
        finish
        lea     rsi, [low_code]
        mov     edi, LOW_PAGE
        mov     ecx, low_end - low_code
        rep movsb
        begin   "NMI to the other one"   ; it waits for a SIPI; its NMI vector leads to the same code
        mov     dword [abs NMI_VECTOR], (LOW_PAGE >> 4) << 16
        mov     edi, APIC
        mov     dword [rdi + DESTINATION], 1 << 24
        mov     dword [rdi + COMMAND], NMI
        finish
        mov     ecx, A_WHILE
.let:   pause
        dec     ecx
        jnz     .let
        movzx   eax, byte [abs LOW_PAGE + low_mark - low_code]
        show    "it has started by that"
        begin   "INIT and SIPI to the other one"
        mov     edi, APIC
        mov     dword [rdi + COMMAND], INIT
        mov     dword [rdi + COMMAND], SIPI | (LOW_PAGE >> 12)
        finish
        rdtsc
        lea     edi, [rdx + SOON]
.wait:  pause
        rdtsc
        cmp     edx, edi
        jae     .over
        movzx   eax, byte [abs LOW_PAGE + low_mark - low_code]
        test    eax, eax
        jz      .wait
.over:  movzx   eax, byte [abs LOW_PAGE + low_mark - low_code]
        show    "it has started"
        ret

bits 16
low_code:
        mov     byte [cs:low_mark - low_code], 1
.halt:  cli
        hlt
        jmp     .halt
low_mark: db 0
low_end:
bits 64

; Makes a hypercall with the vendor's instruction.
call_hypervisor:
        mov     eax, HYPERCALL
        xor     ecx, ecx
        cmp     byte [is_amd], 0
        je      .intel
        vmmcall
        ret
.intel: vmcall
        ret

; ---- eax: which INIT to send

send_init:
        lea     rcx, [inits]
        mov     rbx, [rcx + rax * 8]
        begin   "INIT next"
        finish
        call    wait_for_print
        mov     edi, APIC
        mov     dword [rdi + LOGICAL], 1 << 24
        mov     rax, rbx
        shr     rax, 32
        mov     [rdi + DESTINATION], eax
        mov     [rdi + COMMAND], ebx
        begin   "survived"
        finish
        hlt

; High and low word of the ICR for each INIT. The processor's APIC ID is 0.
        align   8
inits:  dd INIT, 0
        dd INIT, 0xff << 24
        dd INIT | SELF, 1 << 24         ; itself by shorthand
        dd INIT | 0x80000, 1 << 24      ; all by shorthand
        dd INIT | 0x800, 1 << 24        ; logical
        dd INIT | 0x800, 0xff << 24
INITS   equ ($ - inits) / 8

; ---- r12, r13: start and bytes of the largest reserved range below 512 MiB in the e820 map of the zero page at rbp

find_hidden_memory:
        xor     r13d, r13d
        movzx   ecx, byte [rbp + ENTRIES]
        lea     rsi, [rbp + MEMORY_MAP]
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

; r12, r13: start and bytes of the first reserved range that starts on a page boundary
find_trampoline:
        xor     r13d, r13d
        movzx   ecx, byte [rbp + ENTRIES]
        lea     rsi, [rbp + MEMORY_MAP]
.next:  cmp     dword [rsi + 16], RESERVED
        jne     .skip
        test    dword [rsi], 0xfff
        jnz     .skip
        mov     r12, [rsi]
        mov     r13, [rsi + 8]
        ret
.skip:  add     rsi, 20
        dec     ecx
        jnz     .next
        ret

; r14: number of words in hidden memory that are not all ones
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

clear_hidden:
        mov     rdi, r12
        mov     rcx, r13
        shr     rcx, 3
        xor     eax, eax
        rep stosq
        ret

; ---- data

prefix:  db "hostile: ", 0
is_amd:  db 0
nothing: dw 0
         dq 0

        align   16
protected_end:

%include "memory.inc"
