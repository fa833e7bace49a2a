; A kernel that executes instructions which may cause a VM exit, in each mode of the processor: 64-bit, compatibility, PAE,
; virtual 8086, 32-bit paging, 32-bit without paging, 16-bit protected, and real mode. It runs on AMD-V, on Intel VT-x and on the
; bare machine. For each attempt it prints the outcome:
;   modes: MODE, NAME = VECTOR ERROR OFFSET EAX EDX
; with the exception's vector (ff: none), its error code, and its offset from the attempt's start. It ends in a triple fault. If
; the command line begins with v, virtual 8086 mode is left out, since an exit from it ends Bochs 2.7 on AMD-V. The attempts are
; in modeAttempts.inc, once for all modes. Their code lies in one segment below 1 MiB.

%include "bzimage.inc"
default abs

%define COMMAND_LINE 0x228              ; in the zero page
%define BASE         0x10000            ; the segment
%define SEGMENT      (BASE >> 4)
%define ROOT         0x20000            ; page tables: 4 GiB mapped to themselves
%define POINTERS     0x21000
%define DIRECTORIES  0x22000
%define PAE_POINTERS 0x26000
%define FIRST_TABLE  0x27000
%define NARROW_ROOT  0x28000
%define WINDOW       0x70000            ; hidden memory and the local APIC are mapped here for virtual 8086 mode
%define APIC         0xfee00000
%define APIC_WINDOW  0x1000             ; in the window
%define INSTEAD      0x60000
%define PRESENT      1
%define ALL_RIGHTS   7                  ; present, writable, accessible in ring 3
%define LARGE        0x80
%define EFER         0xc0000080
%define HYPERCALL    0x6d767374
%define MEMORY_KEPT  3
%define AUTH         0x68747541         ; of AuthenticAMD
%define OSXSAVE      18                 ; of CR4
%define XSAVE        26                 ; of CPUID 1, ECX
%define MODES        8
%define V86          3
%define RECORD       12                 ; bytes
%define GATES        48
%define BACK         0x2f               ; the vector that ends virtual 8086 mode
%define V86_FLAGS    0x23002            ; VM, and IOPL 3
%define TRAP_AND_AC  0x40100
%define MOST         120                ; attempts

; Selectors. Those with a base begin at BASE.
%define CODE         0x08
%define DATA         0x10
%define CODE_16      0x18
%define DATA_16      0x20
%define FLAT         0x28
%define CODE_64      0x30
%define TASK         0x38

%include "modeMacros.inc"

; ---- the entry: 64-bit mode, loaded above 1 MiB

        lea     rsp, [stack_top]
        mov     dx, COM1 + 3
        mov     al, 3                   ; eight bits
        out     dx, al
        mov     al, 0xff                ; no interrupts of the old controllers
        out     0x21, al
        out     0xa1, al
        mov     esi, [rsi + COMMAND_LINE]       ; a loader may have put words before ours
.end:   lodsb
        test    al, al
        jnz     .end
        cmp     byte [rsi - 2], 'v'
        sete    [omits_v86]
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        sete    [is_amd]
        mov     esi, low_begin
        mov     edi, BASE
        mov     ecx, low_end - low_begin
        rep movsb
        mov     eax, BASE + OFFSET(low_start)
        jmp     rax

%include "print.inc"

report: call    print_records
        call    wait_for_print
        lidt    [nothing]
        ud2

%include "modeRecords.inc"

; ---- from here on in the segment, at BASE

        align   16
low_begin:
%assign attempt_number 0
%define AT BASE
low_start:
        mov     esp, BASE + OFFSET(low_stack)
        lgdt    [M(segments_64)]
        push    CODE_64
        mov     eax, BASE + OFFSET(.own)
        push    rax
        retfq
.own:   mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     eax, FLAT
        mov     fs, eax
        call    make_tables
        mov     eax, ROOT
        mov     cr3, rax
        mov     eax, 0x80010031         ; PG, WP, NE, ET, PE: whatever the loader left there
        mov     cr0, rax
        lidt    [M(gates_64_register)]
        mov     eax, 1
        cpuid
        bt      ecx, XSAVE
        jnc     .asked
        mov     rax, cr4
        bts     rax, OSXSAVE
        mov     cr4, rax
.asked: call    find_hidden_memory
        mov     edi, FIRST_TABLE + (WINDOW >> 12) * 8
        mov     eax, [M(hidden)]
        or      eax, ALL_RIGHTS
        mov     [edi], rax
        mov     dword [edi + 8], APIC | 0x1f    ; not cached
        mov     rax, cr3
        mov     cr3, rax
        mov     edi, APIC + 0xf0
        mov     dword [edi], 0x1ff      ; the APIC is on
mode_64:
        in_mode 64, BASE, APIC, [M(hidden)]
        mov     dword [attempts_in_all], attempt_number
        push    CODE
        mov     eax, OFFSET(mode_compatibility)
        push    rax
        retfq

bits 32
mode_compatibility:
        mov     esp, OFFSET(low_stack)
        in_mode 32, 0, APIC, [M(hidden)]
        call    paging_off
        mov     ecx, EFER
        rdmsr
        btr     eax, 8                  ; LME
        wrmsr
        lidt    [M(gates_32_register)]
        mov     eax, PAE_POINTERS
        mov     cr3, eax
        call    paging_on
mode_pae:
        in_mode 32, 0, APIC, [M(hidden)]
        cmp     byte [M(omits_v86)], 0
        jne     after_v86
        mov     eax, TASK
        ltr     ax
        mov     eax, cr0
        bts     eax, 18                 ; AM
        mov     cr0, eax
        xor     eax, eax
        push    eax                     ; GS
        push    WINDOW >> 4             ; FS
        push    SEGMENT                 ; DS
        push    SEGMENT                 ; ES
        push    SEGMENT                 ; SS
        push    OFFSET(low_stack)
        push    V86_FLAGS
        push    SEGMENT                 ; CS
        push    OFFSET(mode_v86)
        iretd
bits 16
mode_v86:
        in_mode 16, 0, APIC_WINDOW, 0
        int     BACK
bits 32
back:   mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     esp, OFFSET(low_stack)
        mov     eax, FLAT
        mov     fs, eax
        mov     eax, cr0
        btr     eax, 18                 ; AM
        mov     cr0, eax
        jmp     after_v86.paging
after_v86:                              ; skips the records that it would have made
        add     dword [M(cursor)], attempt_number * RECORD
.paging: call   paging_off
        mov     eax, cr4
        btr     eax, 5                  ; PAE
        bts     eax, 4                  ; PSE
        mov     cr4, eax
        mov     eax, NARROW_ROOT
        mov     cr3, eax
        call    paging_on
mode_paging:
        in_mode 32, 0, APIC, [M(hidden)]
        call    paging_off
mode_32:
        in_mode 32, 0, APIC, [M(hidden)]
        jmp     CODE_16:OFFSET(mode_16)
paging_off:
        mov     eax, cr0
        btr     eax, 31
        mov     cr0, eax
        ret
paging_on:
        mov     eax, cr0
        bts     eax, 31
        mov     cr0, eax
        ret

bits 16
mode_16:
        mov     eax, DATA_16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        in_mode 16, 0, APIC, [M(hidden)]
        mov     eax, cr0
        btr     eax, 0                  ; PE
        mov     cr0, eax
        jmp     SEGMENT:OFFSET(mode_real)
mode_real:                              ; FS keeps its limit of 4 GiB
        mov     ax, SEGMENT
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        lidt    [M(vectors_register)]
        in_mode 16, 0, APIC, [M(hidden)]
        o32 lgdt [M(segments)]
        mov     eax, cr0
        bts     eax, 0                  ; PE
        mov     cr0, eax
        jmp     dword CODE:OFFSET(to_long)
bits 32
to_long:
        mov     eax, DATA
        mov     ds, eax
        mov     ss, eax
        mov     eax, cr4
        bts     eax, 5                  ; PAE
        mov     cr4, eax
        mov     eax, ROOT
        mov     cr3, eax
        mov     ecx, EFER
        rdmsr
        bts     eax, 8                  ; LME
        wrmsr
        call    paging_on
        jmp     CODE_64:BASE + OFFSET(at_end)
bits 64
at_end: mov     eax, DATA
        mov     es, eax
        mov     fs, eax
        mov     esp, stack_top
        mov     eax, report
        jmp     rax

%define AT BASE
%include "modeTables.inc"

%include "modeExceptions.inc"

; ---- data in the segment

        align   8
table:  dq      0
        dq      0x00cf9a010000ffff      ; CODE
        dq      0x00cf92010000ffff      ; DATA
        dq      0x00009a010000ffff      ; CODE_16
        dq      0x000092010000ffff      ; DATA_16
        dq      0x00cf92000000ffff      ; FLAT
        dq      0x00af9a000000ffff      ; CODE_64
        dw      104 + 0x200, OFFSET(task)       ; TASK
        db      BASE >> 16, 0x89, 0, 0
table_end:
segments: dw    table_end - table - 1
        dd      BASE + OFFSET(table)
segments_64: dw table_end - table - 1
        dq      BASE + OFFSET(table)
gates_64_register: dw GATES * 16 - 1
        dq      BASE + OFFSET(gates_64)
gates_32_register: dw GATES * 8 - 1
        dd      BASE + OFFSET(gates_32)
vectors_register: dw 0x3ff
        dd      0
        align   8
task:   dd      0, OFFSET(task_stack), DATA
        times 102 - ($ - task) db 0
        dw      104                     ; the map of ports: virtual 8086 mode may use all below 1000h
        times 0x200 db 0
        db      0xff
        align   8
operand:      dq 0, 0
resume:       dd 0
begun:        dd 0
after:        dd 0
hidden:       dd INSTEAD
fault_vector: dd 0
fault_error:  dd 0
fault_at:     dd 0
cursor:       dd OFFSET(records)
omits_v86:    db 0
is_amd:       db 0
low_end:
attempts_in_all: dd 0

        align   16
protected_end:

; The segment's memory behind low_end is not in the file.
gates_64   equ low_end + 16
gates_32   equ gates_64 + GATES * 16
names      equ gates_32 + GATES * 8
records    equ names + MOST * 4
task_stack equ records + MODES * MOST * RECORD + 512
low_stack  equ task_stack + 512
%if attempt_number > MOST
  %error "too many attempts"
%endif

section .bss nobits align=4096
stack:       resb 4096
stack_top:
