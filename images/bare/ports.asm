; A disk whose boot sector attacks the hypervisor through I/O ports. It prints on COM1:
;   ports: NAME = VALUE
; It masks address line 20, then tries to put the machine to sleep, and ends by switching it off. If the machine does sleep, its
; clock wakes it and the firmware goes to `woken`. The word at 505 is the port of PM1 control.

%define COM1            0x3f8
%define SECTORS         7               ; after the first one
%define HYPERCALL       0x6d767374
%define AUTH            0x68747541      ; of AuthenticAMD
%define ROUNDS          1000

bits 16
org 0x7c00

; Prints a text. Preserves all registers.
%macro text 1
        call    print
        db      %1, 0
%endmacro

start:  cli
        cld
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7000
        mov     si, COM1 + 3            ; 8 bits a character
        xchg    dx, si
        mov     al, 3
        out     dx, al
        xchg    dx, si
        mov     ax, 0x0200 + SECTORS
        mov     bx, 0x7e00
        mov     cx, 2
        mov     dh, 0
        int     0x13
        cli
        jnc     second
        text    {"ports: cannot read the rest", 10}
halt:   hlt
        jmp     halt

print:  push    bp
        mov     bp, sp
        pushf
        pushad
        mov     si, [bp + 2]
.next:  cs lodsb
        test    al, al
        jz      .end
        call    print_character
        jmp     .next
.end:   mov     [bp + 2], si
        popad
        popf
        pop     bp
        ret

print_dword:
        rol     eax, 16
        call    print_word
        rol     eax, 16
print_word:
        rol     ax, 8
        call    print_byte
        rol     ax, 8
print_byte:
        rol     al, 4
        call    print_digit
        rol     al, 4
print_digit:
        push    ax
        and     al, 15
        cmp     al, 10
        sbb     al, 0x69
        das
        call    print_character
        pop     ax
        ret

print_character:
        push    ax
        push    dx
        mov     ah, al
        mov     dx, COM1 + 5
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        mov     al, ah
        mov     dx, COM1
        out     dx, al
        pop     dx
        pop     ax
        ret

        times   505 - ($ - $$) db 0
control:
        dw      0x604
        db      0, 0, 0
        dw      0xaa55

second: text    {"ports: start", 10}
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        sete    [is_amd]
        mov     word [13 * 4], on_fault
        mov     word [13 * 4 + 2], 0
        call    line_20
        jmp     sleep

; S5, whose sleep type is 0 in the emulators.
power_off:
        text    {"ports: power off", 10}
        call    pause                   ; until the emulator has printed the last character
        mov     dx, [control]
        mov     ax, 0x2000
        out     dx, ax
        jmp     halt

; ---- address line 20

line_20:
        in      al, 0x92
        and     al, 0xfc
        out     0x92, al
        text    "ports: closed by port 92h, wraps = "
        call    use_hypervisor
        in      al, 0x92
        or      al, 2
        and     al, 0xfe
        out     0x92, al
        text    "ports: opened again, wraps = "
        call    use_hypervisor
        mov     ah, 0xdd                ; the output port with address line 20 off
        call    write_output_port
        text    "ports: closed by the keyboard controller, wraps = "
        call    use_hypervisor
        mov     ah, 0xdf
        call    write_output_port
        text    "ports: opened again, wraps = "
        call    use_hypervisor
        ret

; Causes many exits, and then prints whether 1 MiB is the same memory as 0.
use_hypervisor:
        call    wraps
        push    ax
        mov     bp, ROUNDS
.again: call    hypercall
        dec     bp
        jnz     .again
        pop     ax
        call    print_byte
        text    ", hypercalls = "
        call    print_dword_of_hypercall
        text    10
        ret

print_dword_of_hypercall:
        call    hypercall
        jmp     print_dword

hypercall:
        mov     eax, HYPERCALL
        xor     ecx, ecx
        cmp     byte [is_amd], 0
        je      .intel
        vmmcall
        ret
.intel: vmcall
        ret

; AL: 1 if 1 MiB and 0 are the same memory.
wraps:  push    ds
        mov     ax, 0xffff
        mov     ds, ax
        mov     byte [ss:0x600], 0x5a
        mov     byte [0x610], 0xa5
        cmp     byte [ss:0x600], 0xa5
        pop     ds
        sete    al
        ret

write_output_port:
        call    controller_waits
        mov     al, 0xd1
        out     0x64, al
        call    controller_waits
        mov     al, ah
        out     0x60, al
        call    controller_waits
        ret
controller_waits:
        in      al, 0x64
        test    al, 2
        jnz     controller_waits
        ret

%include "sleepAttempts.inc"

is_amd: db      0
fault:  db      0
        align   8
table:  dw      15
        dd      table
        dw      0
        dq      0x008f92000000ffff      ; data, 4 GiB from 0

        times   2 * 16 * 63 * 512 - ($ - $$) db 0
