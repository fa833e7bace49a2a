; A kernel that executes instructions, each in a state of its own, on a page of video memory. The initrd has the instructions and
; states (tests/boot/forms/cases.ts makes it): after a quadword, the number of cases, follow these:
;   byte      0 for 64-bit code, 1 for 32-bit and 2 for 16-bit code
;   byte      length of the instruction
;   byte      which data segments it uses: 0 wide, 1 near, 2 long (formsTables.inc)
;   byte      whether to print the state behind it
;   dword     number of the case's group
;   qwords    RFLAGS before it; which of its bits are compared; seed of the memory's bytes; offset of the window in the page
;   16 bytes  the instruction
;   qwords    the general registers before it, RAX to R15
; The state behind a case is its vector (all ones without one) and error code, RFLAGS, the registers, and the 64 bytes of the
; window in video memory and of that in ordinary memory. For each group a checksum of these and of both pages is printed:
;   forms: group NUMBER = 0xCHECKSUM | forms: case STATE
; and at the end, how often tsvm did an access for an owner that a test has added, 0 on the bare machine:
;   forms: accesses = 0xVALUE
; It ends in a triple fault.

%define RAMDISK      0x218              ; of the zero page

%include "bzimage.inc"
        mov     eax, [rsi + RAMDISK]
        lea     rsp, [stack_top]
        mov     [case], rax
%include "print.inc"
%include "attempts.inc"
%include "video.inc"
%include "formsTables.inc"

%define WINDOW_WORDS 8
%define REGISTERS    16
%define MOST_CODE    16
%define MULTIPLIER   0x9e3779b97f4a7c15 ; of checksums and seeds

; a case
%define SIZE         0
%define LENGTH       1
%define SEGMENTS     2
%define IS_PRINTED   3
%define GROUP        4
%define FLAGS        8
%define FLAGS_MASK   16
%define SEED         24
%define WHERE        32
%define CODE         40
%define BEFORE       56
%define CASE_BYTES   BEFORE + 8 * REGISTERS

%define HYPERCALL    0x6d767374
%define ACCESSES     7                  ; the function: accesses by owner
%define OWNER        5

%define NEAR_JUMP    0xe9
%define FAR_JUMP     0xea

        set_up_serial
        call    load_segments
        call    make_tables
        call    find_hypercall
        call    use_own_gates
        call    map_places
        call    fill_pages
        call    enable_vectors
        mov     rbx, [case]
        mov     ecx, [rbx]
        mov     [left], ecx
        add     rbx, 8
        mov     [case], rbx
        mov     ecx, [rbx + GROUP]
        mov     [group], ecx

next_case:
        mov     rbx, [case]
        mov     eax, [rbx + GROUP]
        cmp     eax, [group]
        je      .same
        call    end_group
        mov     rbx, [case]
        mov     eax, [rbx + GROUP]
        mov     [group], eax
.same:  call    write_windows
        call    write_code
        jmp     run_case
case_done:
        call    add_case
        add     qword [case], CASE_BYTES
        dec     dword [left]
        jnz     next_case
        call    end_group
        call    count_accesses
        show    "accesses"
        call    wait_for_print
        lidt    [nothing]
        int3

; Finds out which of the two instructions asks tsvm. On the bare machine both raise #UD.
find_hypercall:
        mov     rbp, rsp
        lea     rcx, [by_vmmcall]
        mov     [asked_by], rcx
        begin   "VMMCALL"
        call    count_accesses
        quiet
        cmp     qword [vector], -1
        je      .end
        lea     rcx, [by_vmcall]
        mov     [asked_by], rcx
        begin   "VMCALL"
        call    count_accesses
        quiet
        cmp     qword [vector], -1
        je      .end
        lea     rcx, [by_nothing]
        mov     [asked_by], rcx
.end:   mov     rsp, rbp
        ret

; Returns in rax how often this processor has accessed what OWNER has.
count_accesses:
        mov     eax, HYPERCALL
        mov     ecx, ACCESSES
        xor     edx, edx
        mov     esi, OWNER
        jmp     [asked_by]
by_vmmcall:
        vmmcall
        mov     rax, rbx
        ret
by_vmcall:
        vmcall
        mov     rax, rbx
        ret
by_nothing:
        xor     eax, eax
        ret

; ---- before a case, which is at rbx

write_windows:
        mov     rax, [rbx + SEED]
        mov     rdx, MULTIPLIER
        mov     rdi, VIDEO
        call    .write
        mov     rdi, ORDINARY
.write: add     rdi, [rbx + WHERE]
        mov     ecx, WINDOW_WORDS
.next:  imul    rax, rdx
        inc     rax
        stosq
        dec     ecx
        jnz     .next
        ret

; Copies the instruction, with a jump to `arrived` behind it.
write_code:
        mov     rdi, CODE_AT
        lea     rsi, [rbx + CODE]
        movzx   ecx, byte [rbx + LENGTH]
        rep movsb
        lea     rax, [arrived]
        cmp     byte [rbx + SIZE], 1
        jae     .far
        mov     byte [rdi], NEAR_JUMP
        sub     rax, rdi
        sub     rax, 5
        mov     [rdi + 1], eax
        ret
.far:   je      .wide
        mov     byte [rdi], 0x66
        inc     rdi
.wide:  mov     byte [rdi], FAR_JUMP
        mov     [rdi + 1], eax
        mov     word [rdi + 5], CODE_64
        ret

run_case:
        movzx   ecx, byte [rbx + SIZE]
        lea     rdx, [entries]
        mov     rax, [rdx + 8 * rcx]
        mov     [entry_point], rax
        movzx   eax, byte [rbx + SEGMENTS]
        imul    eax, DATA_SEGMENTS * 8
        add     eax, FIRST_DATA
%assign number 0
%rep DATA_SEGMENTS
        load_segment number
        add     eax, 8
  %assign number number + 1
%endrep
        push    qword [rbx + FLAGS]
        popfq
%macro load 2
        mov     %1, [rbx + BEFORE + 8 * %2]
%endmacro
        load    rax, 0
        load    rcx, 1
        load    rdx, 2
        load    rsp, 4
        load    rbp, 5
        load    rsi, 6
        load    rdi, 7
%assign number 8
%rep 8
        load    r%[number], number
  %assign number number + 1
%endrep
        load    rbx, 3
        jmp     far dword [entry_point]

; ---- behind a case

arrived:
        mov     [after + 8 * 4], rsp
        lea     rsp, [stack_top]
        pushfq
        pop     qword [after_flags]
        mov     qword [after_vector], -1
        mov     qword [after_error], 0
        jmp     keep_registers
faulted:
        pop     qword [after_vector]
        pop     qword [after_error]
        add     rsp, 16
        pop     qword [after_flags]
        pop     qword [after + 8 * 4]
        lea     rsp, [stack_top]
keep_registers:
%macro keep 2
        mov     [after + 8 * %2], %1
%endmacro
        keep    rax, 0
        keep    rcx, 1
        keep    rdx, 2
        keep    rbx, 3
        keep    rbp, 5
        keep    rsi, 6
        keep    rdi, 7
%assign number 8
%rep 8
        keep    r%[number], number
  %assign number number + 1
%endrep
        cld
        mov     rbx, [case]
        mov     rax, [rbx + FLAGS_MASK]
        and     [after_flags], rax
        lea     rdi, [after_windows]
        mov     rsi, VIDEO
        call    .copy
        mov     rsi, ORDINARY
        call    .copy
        jmp     case_done
.copy:  add     rsi, [rbx + WHERE]
        mov     ecx, WINDOW_WORDS
.next:  mov     rax, [rsi]
        stosq
        add     rsi, 8
        dec     ecx
        jnz     .next
        ret

; Adds the state to the checksum, and prints it if that is wanted.
add_case:
        lea     rsi, [state]
        mov     ecx, (state_end - state) / 8
        call    add_words
        mov     rbx, [case]
        cmp     byte [rbx + IS_PRINTED], 0
        je      .end
        lea     rsi, [as_case]
        call    print_name
        lea     rbx, [state]
        mov     ebp, (state_end - state) / 8
.next:  mov     al, ' '
        call    print_character
        mov     rax, [rbx]
        mov     ecx, 16
        call    print_digits
        add     rbx, 8
        dec     ebp
        jnz     .next
        lea     rsi, [line_end]
        call    print
.end:   ret

; Adds the ecx quadwords at rsi to the checksum.
add_words:
        mov     rdx, MULTIPLIER
        mov     rdi, [checksum]
.next:  xor     rdi, [rsi]
        imul    rdi, rdx
        rol     rdi, 29
        add     rsi, 8
        dec     ecx
        jnz     .next
        mov     [checksum], rdi
        ret

; Adds both pages to the checksum, and prints that of the group.
end_group:
        mov     rsi, VIDEO
        mov     ecx, 2 * PAGE / 8
        call    add_words
        lea     rsi, [as_group]
        call    print_name
        mov     eax, [group]
        mov     ecx, 4
        call    print_digits
        xor     eax, eax
        xchg    rax, [checksum]
        lea     rsi, [equals]
        push    rax
        call    print
        pop     rax
        mov     ecx, 16
        call    print_digits
        lea     rsi, [line_end]
        jmp     print

; Prints the lowest ecx hexadecimal digits of rax.
print_digits:
        mov     r8, rax
        mov     r9d, ecx
        neg     ecx
        add     ecx, 16
        shl     ecx, 2
        shl     r8, cl
.digit: rol     r8, 4
        mov     eax, r8d
        and     eax, 15
        lea     rdx, [digits]
        mov     al, [rdx + rax]
        call    print_character
        dec     r9d
        jnz     .digit
        ret

prefix:   db "forms: ", 0
as_group: db "group ", 0
as_case:  db "case", 0
nothing:  dw 0
          dq 0
        align   8
entries:  dd CODE_AT                    ; by SIZE: where the code begins in its segment, and the segment
          dd CODE_64
          dd CODE_AT - CODE_PAGE
          dd CODE_32
          dd CODE_AT - CODE_PAGE
          dd CODE_16
entry_point:  dq 0
asked_by:     dq 0
case:         dq 0
checksum:     dq 0
left:         dd 0
group:        dd 0
              align 8
state:
after_vector: dq 0
after_error:  dq 0
after_flags:  dq 0
after:        times REGISTERS dq 0
after_windows: times 2 * WINDOW_WORDS dq 0
state_end:

        align   16
protected_end:

%include "memory.inc"
fault_stack: resb PAGE
fault_stack_top:
places:      resb PAGE                  ; the page table of the places
code_page:   resb PAGE
ordinary:    resb PAGE
