; A kernel that makes hardware task switches in every way that the processor has, without and with paging. After each switch it
; prints the registers of the new task, and a checksum of both task states:
;   tasks: NAME | tasks: NAME = 0xVALUE
; It ends in a triple fault.

%include "bzimage.inc"

%define EFER            0xc0000080
%define CR0_PE          1 << 0
%define CR0_WP          1 << 16
%define CR0_PG          1 << 31
%define PRESENT         1
%define WRITABLE        2
%define ACCESSED        0x20
%define DIRTY           0x40
%define LARGE           0x80
%define NESTED          0x4000          ; of EFLAGS

; Selectors.
%define CODE            0x08
%define DATA            0x10
%define FIRST           0x18            ; the initial task
%define SECOND          0x20
%define NARROW          0x28            ; a task of 16 bits
%define GATE            0x30            ; to SECOND
%define LOCAL_TABLE     0x38
%define NARROW_CODE     0x40            ; code of 32 bits with a base
%define NARROW_STACK    0x48
%define SHORT           0x50            ; its limit is too small
%define ABSENT          0x58
%define BROKEN          0x60            ; its DS is in no table
%define BUSY            0x68
%define TRAPPING        0x70            ; its flag T is set
%define IN_LOCAL        0x04            ; of LOCAL_TABLE, data

; Offsets in a 32-bit task state, and in a 16-bit one.
%define T_LINK          0x00
%define T_CR3           0x1c
%define T_EIP           0x20
%define T_ESP           0x38
%define T_FLAGS         0x64
%define T_BYTES         0x68
%define N_BYTES         0x2c

; descriptor BASE, LIMIT, RIGHTS
%macro descriptor 3
        dw      (%2) & 0xffff
        dw      ((%1) - $$ + PREFERRED - SETUP) & 0xffff
        db      (((%1) - $$ + PREFERRED - SETUP) >> 16) & 0xff
        db      (%3) & 0xff
        db      (((%2) >> 16) & 0xf) | (((%3) >> 8) & 0xf0)
        db      (((%1) - $$ + PREFERRED - SETUP) >> 24) & 0xff
%endmacro
; Aligns to a page. `align` would move the header.
%macro next_page 0
        times (SETUP - ($ - $$)) & 0xfff db 0
%endmacro
; try NAME, INSTRUCTION: after a fault in the first task, it goes on behind the instruction; other tasks switch back first
%macro try 2+
        mov     dword [resume], %%done
        say     %1
        call    forget_accesses
        %2
%%done: call    dump
%endmacro

        lgdt    [segments]
        push    CODE
        lea     rax, [narrow_start]
        push    rax
        retfq
bits 32
default abs
%include "print32.inc"

narrow_start:
        mov     eax, cr0
        btr     eax, 31                 ; PG
        mov     cr0, eax
        mov     ecx, EFER
        xor     eax, eax
        xor     edx, edx
        wrmsr
        mov     eax, CR0_PE | 0x30      ; ET, NE: whatever the loader left there
        mov     cr0, eax
        xor     eax, eax
        mov     cr4, eax
        mov     cr3, eax
        xor     ebx, ebx
        xor     ebp, ebp
        xor     esi, esi
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     fs, eax
        xor     eax, eax
        mov     gs, eax
        lldt    ax
        mov     esp, stack_top
        mov     dx, COM1 + 3
        mov     al, 3                   ; eight bits
        out     dx, al

        mov     edi, gates
        mov     eax, stubs
        mov     ecx, 32
.gate:  mov     [edi], ax
        mov     word [edi + 2], CODE
        mov     dword [edi + 4], eax
        mov     word [edi + 4], 0x8e00
        add     edi, 8
        add     eax, stub_bytes
        dec     ecx
        jnz     .gate
        mov     dword [gates + 0x20 * 8], SECOND << 16
        mov     dword [gates + 0x20 * 8 + 4], 0xe500    ; a task gate
        lidt    [gate_register]
        mov     eax, FIRST
        ltr     ax

        call    switches
        say     "with paging"
        call    enable_paging
        call    switches
        call    page_rights
        say     "end"
        lidt    [nothing]
        ud2

switches:
        call    make_tasks
        try     "JMP", jmp SECOND:0
        try     "JMP again", jmp SECOND:0
        try     "CALL", call SECOND:0
        try     "CALL by a gate", call GATE:0
        try     "JMP by a gate", jmp GATE:0
        try     "INT", int 0x20
        call    make_tasks
        try     "CALL to 16 bits", call NARROW:0
        try     "JMP to 16 bits", jmp NARROW:0
        call    make_tasks
        mov     word [gates + 13 * 8 + 2], SECOND
        mov     word [gates + 13 * 8 + 4], 0x8500
        mov     dword [second + T_EIP], with_code
        mov     eax, 0x1230
        try     "#GP by a gate", mov gs, eax
        mov     word [gates + 13 * 8 + 2], CODE
        mov     word [gates + 13 * 8 + 4], 0x8e00
        call    make_tasks
        try     "JMP to the task itself", jmp FIRST:0
        try     "JMP to a busy one", jmp BUSY:0
        try     "CALL to an absent one", call ABSENT:0
        try     "CALL to a short one", call SHORT:0
        try     "JMP to a broken one", jmp BROKEN:0
        call    make_tasks
        try     "CALL to a broken one", call BROKEN:0
        call    make_tasks
        try     "CALL to a trapping one", call TRAPPING:0
        call    make_tasks
        mov     word [first + T_LINK], DATA
        push    NESTED | 2
        popfd
        try     "IRET to what is no task", iretd
        push    2
        popfd
        ret

; Entry of the next task: it prints its registers and switches back.
in_second:
        call    dump
        mov     eax, 0x2222
        pushfd
        test    dword [esp], NESTED
        lea     esp, [esp + 4]
        jz      .jump
        iretd
        jmp     in_second
.jump:  jmp     FIRST:0
        jmp     in_second
with_code:
        pop     ebx
        show    "error code", ebx
        call    dump
        mov     eax, [resume]
        mov     [first + T_EIP], eax
        iretd
        jmp     with_code
in_narrow:
        movzx   esp, sp                 ; the upper half depends on the processor's model
        call    dump
        pushfd
        test    dword [ss:esp], NESTED
        lea     esp, [esp + 4]
        jz      .jump
        iretd
        jmp     in_narrow
.jump:  jmp     FIRST:0
        jmp     in_narrow

; Sets up both task states as they are before a switch.
make_tasks:
        mov     edi, second
        mov     ecx, (task_states_end - second) / 4
        xor     eax, eax
        rep stosd
        mov     edi, second
        mov     eax, in_second
        mov     edx, CODE
        call    make_wide
        mov     edi, trapping
        mov     eax, in_trapping
        mov     edx, CODE
        call    make_wide
        mov     word [trapping + T_FLAGS], 1
        mov     edi, broken
        mov     eax, in_second
        mov     edx, CODE
        call    make_wide
        mov     dword [broken + 0x54], 0xfff8   ; DS: a selector whose error code has the highest possible bit
        mov     word [narrow + 0x02], 0
        mov     word [narrow + 0x0e], in_narrow - protected
        mov     word [narrow + 0x10], 2
        mov     word [narrow + 0x12], 0xaaa1
        mov     word [narrow + 0x14], 0xaaa2
        mov     word [narrow + 0x16], 0xaaa3
        mov     word [narrow + 0x18], 0xaaa4
        mov     word [narrow + 0x1a], 0x800
        mov     word [narrow + 0x1c], 0xaaa5
        mov     word [narrow + 0x1e], 0xaaa6
        mov     word [narrow + 0x20], 0xaaa7
        mov     word [narrow + 0x22], DATA
        mov     word [narrow + 0x24], NARROW_CODE
        mov     word [narrow + 0x26], NARROW_STACK
        mov     word [narrow + 0x28], DATA
        mov     word [narrow + 0x2a], LOCAL_TABLE
        mov     word [first + T_LINK], 0
        mov     eax, [first_root]
        mov     [first + T_CR3], eax
        mov     byte [table + SECOND + 5], 0x89
        mov     byte [table + NARROW + 5], 0x81
        mov     byte [table + TRAPPING + 5], 0x89
        mov     byte [table + BROKEN + 5], 0x89
        ret
make_wide:
        mov     [edi + T_EIP], eax
        mov     dword [edi + 0x24], 0x202 & ~0x200
        mov     dword [edi + 0x28], 0xbbbbbbb1
        mov     dword [edi + 0x2c], 0xbbbbbbb2
        mov     dword [edi + 0x30], 0xbbbbbbb3
        mov     dword [edi + 0x34], 0xbbbbbbb4
        mov     dword [edi + T_ESP], second_stack_top
        mov     dword [edi + 0x3c], 0xbbbbbbb5
        mov     dword [edi + 0x40], 0xbbbbbbb6
        mov     dword [edi + 0x44], 0xbbbbbbb7
        mov     dword [edi + 0x48], DATA
        mov     [edi + 0x4c], edx
        mov     dword [edi + 0x50], DATA
        mov     dword [edi + 0x54], DATA
        mov     dword [edi + 0x58], IN_LOCAL
        mov     dword [edi + 0x5c], 0
        mov     dword [edi + 0x60], LOCAL_TABLE
        mov     eax, [next_root]
        mov     [edi + T_CR3], eax
        ret
in_trapping:
        call    dump
        iretd

; Prints the registers, and a sum of each task state.
dump:   pushfd
        pushad
        mov     ebp, esp
        call    show_accesses
        mov     eax, ds
        show    "  ds", eax
        show    "  eax", [ss:ebp + 28]
        show    "  ecx", [ss:ebp + 24]
        show    "  edx", [ss:ebp + 20]
        show    "  ebx", [ss:ebp + 16]
        show    "  esp", [ss:ebp + 12]
        show    "  ebp", [ss:ebp + 8]
        show    "  esi", [ss:ebp + 4]
        show    "  edi", [ss:ebp]
        mov     eax, [ss:ebp + 32]
        and     eax, ~0x8d5             ; without the arithmetic flags
        show    "  eflags", eax
        mov     eax, cs
        show    "  cs", eax
        mov     eax, ss
        show    "  ss", eax
        mov     eax, fs
        show    "  fs", eax
        mov     eax, gs
        show    "  gs", eax
        xor     eax, eax
        str     ax
        show    "  tr", eax
        xor     eax, eax
        sldt    ax
        show    "  ldtr", eax
        mov     eax, cr0
        show    "  cr0", eax
        clts
        mov     eax, cr3
        show    "  cr3", eax
        movzx   eax, byte [table + FIRST + 5]
        show    "  first", eax
        movzx   eax, byte [table + SECOND + 5]
        show    "  second", eax
        movzx   eax, byte [table + NARROW + 5]
        show    "  narrow", eax
        mov     esi, first
        mov     ecx, (task_states_end - first) / 4
        xor     edx, edx
.sum:   lodsd
        rol     edx, 1
        xor     edx, eax
        loop    .sum
        show    "  states", edx
        call    forget_accesses
        popad
        popfd
        ret

%include "taskPages.inc"
%include "taskFaults.inc"

        align   4
resume:     dd 0
first_root: dd 0
next_root:  dd 0
segments:   dw table_end - table - 1
            dq table
gate_register: dw 33 * 8 - 1
            dd gates
nothing:    dw 0
            dd 0
        align   8
local_table: dq 0x00cf92000000ffff

; The tables, each on its own page.
        next_page
table:  dq      0
        dq      0x00cf9a000000ffff      ; CODE
        dq      0x00cf92000000ffff      ; DATA
        descriptor first, T_BYTES - 1, 0x89
        descriptor second, T_BYTES - 1, 0x89
        descriptor narrow, N_BYTES - 1, 0x81
        dw      0, SECOND, 0x8500, 0    ; GATE
        descriptor local_table, 7, 0x82
        descriptor protected, 0xfffff, 0xc09a
        descriptor narrow_stack, 0xfff, 0x92
        descriptor second, T_BYTES - 2, 0x89
        descriptor second, T_BYTES - 1, 0x09
        descriptor broken, T_BYTES - 1, 0x89
        descriptor second, T_BYTES - 1, 0x8b
        descriptor trapping, T_BYTES - 1, 0x89
table_end:
        next_page
first:  times T_BYTES db 0
        next_page
second: times T_BYTES db 0
trapping: times T_BYTES db 0
broken: times T_BYTES db 0
        next_page
narrow: times N_BYTES db 0
task_states_end:
        align   16
narrow_stack: times 4096 db 0

        align   16
protected_end:

section .bss nobits align=4096
root_a: resb 4096
root_b: resb 4096
pages:  resb 4096
gates:  resb 33 * 8
        alignb  16
        resb 4096
second_stack_top: resb 16
        resb 4096
stack_top: resb 16
