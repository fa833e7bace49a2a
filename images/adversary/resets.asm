; A kernel that resets the machine while the other processors start, run and wait, and attack each other. Before that it asks the
; firmware to continue at an address of its own, by the shutdown code, a byte in CMOS that the firmware reads after each reset.
; Its command line is described at read_command_line (watcher.inc). The letters say how it resets, and with which shutdown code:
;   c  port CF9h      p  port 92h      k  the keyboard controller      t  a triple fault
;      with the code of the AT by which systems returned from protected mode: jump to the address at 40h:67h
;   s  port CF9h, with the code by which QEMU tells its firmware of a wake from S3: jump to the waking vector of the FACS
; It prints:
;   resets: NAME = 0xVALUE
; and, where the firmware does as asked:
;   resets: the firmware came back, and hidden memory reads VALUE
; With `c`, `p` and `k` BIOSes like that of Bochs do so, and with `s` SeaBIOS: docs/security.md, about resets.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"
%include "random.inc"
%include "watcher.inc"

%define CMOS_INDEX     0x70
%define CMOS_DATA      0x71
%define SHUTDOWN_CODE  0xf              ; index of the byte that the firmware reads at a reset
%define JUMP           0xa              ; it jumps to the address at VECTOR
%define WAKE           0xfe             ; it wakes the system from S3
%define VECTOR         0x467
%define RESET_CONTROL  0xcf9
%define FULL_RESET     6                ; of processors and devices
%define SYSTEM_CONTROL 0x92             ; bit 0 resets
%define KEYBOARD       0x64
%define PULSE_RESET    0xfe
%define TABLES         0x1ff00000       ; the ACPI tables of QEMU with 512 MiB are between these
%define TABLES_END     0x20000000
%define FACS_BYTES     64               ; ACPI 6.4, 5.2.10
%define FACS_VECTOR    12
%define FACS_VECTOR_64 24
%define BACK_PAGE      0x9000
%define BACK(label)    (BACK_PAGE + label - back_code)
%define COM1           0x3f8
%define LINE_STATUS    5
%define IS_EMPTY       0x20

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        call    read_command_line
        call    prepare_watchers
        lea     rsi, [back_code]
        mov     edi, BACK_PAGE
        mov     ecx, back_end - back_code
        rep movsb
        mov     eax, [others]
        mov     [abs PLAYS], eax
        xor     ebp, ebp
.next:  inc     rbp
        mov     ecx, [others]
        call    random_below
        lea     ecx, [rax + 1]
        push    rcx
        mov     eax, INIT
        call    send
        pop     rcx
        call    send_sipi
        call    delay
        cmp     rbp, [attempts]
        jb      .next
        mov     eax, [abs STARTS]
        show    "starts"
        call    compare_seen
        je      .ask
        mov     rax, rbp
        show    "ESCAPED"
.ask:   mov     al, SHUTDOWN_CODE
        out     CMOS_INDEX, al
        mov     al, WAKE
        cmp     byte [kind], 's'
        je      .code
        mov     al, JUMP
.code:  out     CMOS_DATA, al
        mov     dword [abs VECTOR], (BACK_PAGE >> 4) << 16
        call    set_waking_vector
        mov     rax, rbp
        show    "attempts in all"
        call    wait_for_print
        mov     al, [kind]
        cmp     al, 'c'
        je      .control
        cmp     al, 's'
        je      .control
        cmp     al, 'p'
        je      .port
        cmp     al, 'k'
        je      .keyboard
        lidt    [nothing]
        ud2
.control:
        mov     dx, RESET_CONTROL
        mov     al, FULL_RESET
        out     dx, al
        jmp     $
.port:  in      al, SYSTEM_CONTROL
        or      al, 1
        out     SYSTEM_CONTROL, al
        jmp     $
.keyboard:
        mov     al, PULSE_RESET
        out     KEYBOARD, al
        jmp     $

set_waking_vector:
        mov     edi, TABLES
.next:  cmp     dword [rdi], 'FACS'
        jne     .no
        cmp     dword [rdi + 4], FACS_BYTES
        jne     .no
        mov     dword [rdi + FACS_VECTOR], BACK_PAGE
        mov     qword [rdi + FACS_VECTOR_64], 0
.no:    add     edi, FACS_BYTES
        cmp     edi, TABLES_END
        jb      .next
        ret

bits 16
back_code:
        cli
        xor     ax, ax
        mov     ds, ax
        o32 lgdt [LOW(low_register)]
        mov     eax, cr0
        or      al, 1                   ; PE
        mov     cr0, eax
        jmp     dword 0x10:BACK(back_wide)
bits 32
back_wide:
        mov     eax, 0x18
        mov     ds, eax
        mov     ss, eax
        mov     esp, LOW_STACKS
        mov     dx, COM1 + 3
        mov     al, 3                   ; 8 bits, no parity, and no access to the divisor
        out     dx, al
        mov     esi, BACK(back_text)
.text:  lodsb
        test    al, al
        jz      .value
        call    back_put
        jmp     .text
.value: mov     eax, [HIDDEN]
        mov     ebx, [eax + IMAGE_MAGIC]
        mov     ecx, 8
.digit: rol     ebx, 4
        mov     eax, ebx
        and     eax, 15
        cmp     al, 10
        sbb     al, 0x69                ; and DAS: the digit's character
        das
        call    back_put
        loop    .digit
        mov     al, 10
        call    back_put
.end:   hlt
        jmp     .end
back_put:
        push    eax
        mov     dx, COM1 + LINE_STATUS
.wait:  in      al, dx
        test    al, IS_EMPTY
        jz      .wait
        pop     eax
        mov     dx, COM1
        out     dx, al
        ret
back_text: db "resets: the firmware came back, and hidden memory reads ", 0
back_end:
bits 64

prefix:   db "resets: ", 0
nothing:  dw 0
          dq 0

        align   16
protected_end:

%include "memory.inc"
