; A kernel whose accesses cross from ordinary memory into hidden memory: by code, data, strings, stacks, page tables and
; descriptor tables. It runs on AMD-V, on Intel VT-x and on the bare machine, where ordinary memory full of ones takes the place
; of hidden memory. For each attempt it prints the outcome:
;   edges: PLACE, NAME = VECTOR ERROR RIP RAX SUM
; with the exception's vector (ff: none), its error code, RIP's distance from the edge, RAX, and a sum of the two pages at the
; edge. It ends in a triple fault. The places:
;   last page  the last page before hidden memory, and the first page of it
;   fresh      the last page, and a page of hidden memory that was never touched before, next to each other in the page tables:
;              the first access of each attempt causes a VM exit in the middle of the instruction
; The attempts are in edgeAttempts.inc and the files that it names. At the start of each, RBX is the edge, the pattern 0, 1, 2...
; is before the edge, and ones are behind it.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define COM1_SCRATCH 0x3ff              ; a register that keeps what is written there
%define APIC         0xfee00000
%define PRIORITY     0x80
%define SPURIOUS     0xf0
%define HYPERCALL    0x6d767374
%define MEMORY_KEPT  3
%define AUTH         0x68747541         ; of AuthenticAMD
%define INSTEAD      0x8000000          ; on the bare machine
%define PAGE         4096
%define FRESH_PAGES  128                ; at least as many as attempts
%define GIB          0x40000000
%define WINDOW       4 * GIB            ; the address where the page tables map both pages
%define EDGE         WINDOW + PAGE
%define TABLE_WINDOW 5 * GIB            ; addresses mapped by page tables in hidden memory
%define TOP_WINDOW   512 * GIB

        lea     rsp, [stack_top]
        set_up_serial
        mov     al, 0xff                ; no interrupts of the old controllers
        out     0x21, al
        out     0xa1, al
        call    make_tables
        mov     rax, cr4
        bts     rax, 9                  ; OSFXSR
        mov     cr4, rax
        mov     edi, APIC
        mov     dword [rdi + SPURIOUS], 0x1ff
        call    find_edge
        call    make_window

        lea     rax, [in_last_page]
        mov     [place], rax
        call    try_all
        lea     rax, [in_fresh]
        mov     [place], rax
        mov     dword [advance], PAGE
        call    try_all

        call    wait_for_print
        lidt    [nothing]
        ud2

; Finds hidden memory; on the bare machine, fills memory with ones in its place.
find_edge:
        mov     dword [hidden], INSTEAD
        mov     [kept_stack], rsp
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        sete    [is_amd]
        begin   "hypercall"
        call    call_hypervisor
        mov     [hidden], rbx
        quiet
        mov     rsp, [kept_stack]
        cmp     qword [vector], -1
        je      .end
        mov     edi, INSTEAD
        mov     ecx, FRESH_PAGES * PAGE
        mov     al, 0xff
        rep stosb
.end:   ret

call_hypervisor:
        mov     eax, HYPERCALL
        mov     ecx, MEMORY_KEPT
        cmp     byte [is_amd], 0
        je      .intel
        vmmcall
        ret
.intel: vmcall
        ret

; Maps the last page, and behind it the page in `behind`.
make_window:
        lea     rax, [window_directory + PRESENT + WRITABLE]
        mov     [pointers + (WINDOW / GIB) * 8], rax
        lea     rax, [window_table + PRESENT + WRITABLE]
        mov     [window_directory], rax
        mov     rax, [hidden]
        sub     rax, PAGE - PRESENT - WRITABLE
        mov     [window_table], rax
        mov     rax, [hidden]
        mov     [behind], rax
        ret

; ---- before and after each attempt

; Prepares an attempt. Returns the edge in rbx.
prepare:
        mov     eax, [advance]
        add     rax, [behind]
        mov     [behind], rax
        or      eax, PRESENT | WRITABLE
        mov     [window_table + 8], rax
        mov     rax, cr3
        mov     cr3, rax
        mov     rbx, EDGE
        lea     rdi, [rbx - PAGE]
        mov     ecx, PAGE
        xor     eax, eax
.next:  stosb
        inc     eax
        dec     ecx
        jnz     .next
        mov     qword [vector], -1
        mov     qword [error], 0
        mov     [fault_at], rbx
        xor     ebp, ebp
        ret

; Prints the outcome of the attempt, whose name is at rsi and whose result is in rax. Writes ones behind the edge again.
conclude:
        cld
        mov     [kept_rax], rax
        push    rsi
        lea     rsi, [prefix]
        call    print
        mov     rsi, [place]
        call    print
        pop     rsi
        call    print
        lea     rsi, [is]
        call    print
        movzx   eax, byte [vector]
        call    print_field
        mov     rax, [error]
        call    print_field
        mov     rax, EDGE
        sub     rax, [fault_at]
        neg     rax
        lea     rcx, [rax + PAGE]
        cmp     rcx, 2 * PAGE
        jb      .near
        xor     eax, eax                ; in the program itself
.near:  call    print_field
        mov     rax, [kept_rax]
        call    print_field
        call    sum_pages
        call    print_field
        lea     rsi, [line_end]
        call    print
        mov     rdi, EDGE
        mov     ecx, PAGE
        mov     al, 0xff
        rep stosb
        ret

; Prints rax in 16 digits and a space.
print_field:
        mov     rdi, rax
        mov     ecx, 16
.digit: rol     rdi, 4
        mov     eax, edi
        and     eax, 15
        lea     rdx, [digits]
        mov     al, [rdx + rax]
        call    print_character
        dec     ecx
        jnz     .digit
        mov     al, ' '
        jmp     print_character

; rax: a checksum of the two pages, which depends on the order of bytes
sum_pages:
        mov     rsi, WINDOW
        mov     ecx, 2 * PAGE / 8
        xor     eax, eax
.next:  rol     rax, 5
        add     rax, [rsi]
        add     rsi, 8
        dec     ecx
        jnz     .next
        ret

%include "edgeAttempts.inc"
%include "edgeMemory.inc"
%include "edgeTables.inc"

prefix:       db "edges: ", 0
in_last_page: db "last page, ", 0
is:           db " = ", 0
in_fresh:     db "fresh, ", 0
is_amd:       db 0
nothing:      dw 0
              dq 0
              align 8
hidden:       dq 0                      ; its address
behind:       dq 0                      ; the address of the page behind the edge
place:        dq 0
advance:      dd 0, 0                   ; how far the page behind the edge moves with each attempt
kept_stack:   dq 0
kept_rax:     dq 0

        align   16
protected_end:

%include "memory.inc"
window_directory: resb PAGE
window_table:     resb PAGE
