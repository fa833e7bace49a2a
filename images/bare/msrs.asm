; A kernel that reads each MSR in the ranges of the permission maps, and writes back the value. It prints a line whenever the
; outcome differs from that of the MSR before:
;   msrs: NUMBER = 0xOUTCOME          1: the read raised #GP; 2: the write did
; Then it tries to make the hypervisor's memory uncached, and prints the values that it reads back. It ends in a triple fault.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define MICROCODE       0x79            ; a write loads microcode from the address written
%define PATCH_LOADER    0xc0010020
%define MTRR_DEF_TYPE   0x2ff
%define MTRR_BASE_6     0x20c
%define MTRR_MASK_6     0x20d
%define MTRR_FIX_64K    0x250
%define HYPERCALL       0x6d767374
%define MEMORY_KEPT     3
%define AUTH            0x68747541      ; of AuthenticAMD

        lea     rsp, [stack_top]
        mov     dx, COM1 + 3
        mov     al, 3
        out     dx, al
        call    make_tables
        xor     eax, eax
        call    sweep
        mov     eax, 0xc0000000
        call    sweep
        mov     eax, 0xc0010000
        call    sweep
        call    memory_types
        call    wait_for_print
        lidt    [nothing]
        ud2

; eax: the first of 2000h MSRs
sweep:  mov     r12d, eax
        mov     r13d, 0x2000
        mov     r14d, -1                ; the outcome of the MSR before
.next:  call    try_msr
        cmp     r15d, r14d
        je      .same
        mov     r14d, r15d
        lea     rsi, [prefix]
        call    print
        mov     eax, r12d
        call    print_number
        mov     eax, r15d
        call    print_rest
.same:  inc     r12d
        dec     r13d
        jnz     .next
        ret

; r12d: the MSR. Returns the outcome in r15d.
try_msr:
        xor     r15d, r15d
        begin   "read"
        mov     ecx, r12d
        rdmsr
        mov     r8d, eax
        mov     r9d, edx
        quiet
        cmp     qword [vector], -1
        je      .read
        or      r15d, 1
        xor     r8d, r8d
        xor     r9d, r9d
.read:  cmp     r12d, MICROCODE
        je      .end
        cmp     r12d, PATCH_LOADER
        je      .end
        begin   "write"
        mov     ecx, r12d
        mov     eax, r8d
        mov     edx, r9d
        wrmsr
        quiet
        cmp     qword [vector], -1
        je      .end
        or      r15d, 2
.end:   ret

; Prints eax as eight hexadecimal digits.
print_number:
        mov     edi, eax
        mov     ecx, 32
.digit: sub     ecx, 4
        mov     eax, edi
        shr     eax, cl
        and     eax, 15
        lea     rdx, [digits]
        mov     al, [rdx + rax]
        call    print_character
        test    ecx, ecx
        jnz     .digit
        ret

; Prints eax as the value of the name printed before.
print_rest:
        push    rax
        lea     rsi, [equals]
        call    print
        pop     rax
        call    print_number
        lea     rsi, [line_end]
        jmp     print

; set NAME, MSR, HIGH, LOW: writes the MSR and shows the value that it then reads
%macro set 4
        begin   %1
        mov     ecx, %2
        mov     edx, %3
        mov     eax, %4
        wrmsr
        finish
        mov     ecx, %2
        rdmsr
        shl     rdx, 32
        or      rax, rdx
        show    {%1, " then"}
%endmacro

memory_types:
        mov     ecx, MTRR_DEF_TYPE
        rdmsr
        mov     r12d, eax
        set     "types off", MTRR_DEF_TYPE, 0, 0
        call    memory_kept
        set     "base over hidden memory", MTRR_BASE_6, 0, ebx
        set     "mask over hidden memory", MTRR_MASK_6, 0xf, 0xffe00800
        set     "fixed range uncached", MTRR_FIX_64K, 0, 0
        set     "types on", MTRR_DEF_TYPE, 0, r12d
        call    memory_kept             ; checks that the hypervisor still answers
        mov     eax, ecx
        show    "hidden memory is kept"
        ret

; ebx: address of hidden memory; rcx: its size; 0 on the bare machine
memory_kept:
        xor     ebx, ebx
        xor     eax, eax
        cpuid
        mov     r8d, ebx
        begin   "hypercall"
        xor     ebx, ebx
        mov     eax, HYPERCALL
        mov     ecx, MEMORY_KEPT
        cmp     r8d, AUTH
        jne     .intel
        vmmcall
        jmp     .done
.intel: vmcall
.done:
        quiet
        ret

prefix:  db "msrs: ", 0
        align   16
nothing: dw 0
         dq 0
        align   16
protected_end:

%include "memory.inc"
