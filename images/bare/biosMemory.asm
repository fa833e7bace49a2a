; A boot sector that replaces INT 15h, to act as a BIOS that describes memory otherwise, and then starts something else.
;   The word at 506 is the number of ranges that E820h lists; 0: those of the BIOS.
;   The byte at 508 decides what it starts: `s`: the setup part of an image, which follows in sectors 1 to 8; in place of the
;   image there is code that ends the emulator. `d`: the next disk, whose boot sector gets that disk's number.
; E881h reports 4 GiB.

%define SMAP            0x534d4150
%define SETUP           0x9000          ; segment for the setup part
%define SETUP_SECTORS   8
%define BASE_MEMORY     0x413           ; BIOS data area: KiB of low memory
%define VECTOR_15       0x15 * 4
%define ENTRY           20
%define END_EMULATOR    0xf4e6c031      ; XOR EAX, EAX; OUT F4h, AL

bits 16
org 0x7c00
start:  cli
        cld
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7c00
        dec     word [BASE_MEMORY]      ; reserves the last KiB of low memory for the handler
        mov     ax, [BASE_MEMORY]
        shl     ax, 6
        mov     es, ax
        mov     si, 0x7c00
        xor     di, di
        mov     cx, 256
        rep movsw
        mov     eax, [VECTOR_15]
        mov     [es:old_vector - 0x7c00], eax
        mov     word [VECTOR_15], on_system - 0x7c00
        mov     [VECTOR_15 + 2], es
        sti
        cmp     byte [ending], 's'
        je      setup

        inc     dl
        push    es                      ; the copy goes on: the next boot sector overwrites this one
        push    word next_disk - 0x7c00
        retf

setup:  mov     ax, SETUP
        mov     es, ax
        mov     ax, 0x0200 + SETUP_SECTORS
        xor     bx, bx
        mov     cx, 2
        mov     dh, 0
        int     0x13
        jc      stop
        mov     ax, 0xffff              ; the setup part finds the image at 1 MiB
        mov     es, ax
        mov     dword [es:0x10], END_EMULATOR
        mov     ax, SETUP
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7000
        jmp     SETUP + 0x20:0

next_disk:
        xor     ax, ax
        mov     es, ax
        mov     ax, 0x0201
        mov     bx, 0x7c00
        mov     cx, 1
        mov     dh, 0
        int     0x13
        jc      stop
        jmp     0:0x7c00
stop:   hlt
        jmp     stop

on_system:
        cmp     ax, 0xe881
        je      .sizes
        cmp     ax, 0xe820
        jne     .other
        cmp     word [cs:ranges - 0x7c00], 0
        je      .other
        mov     eax, ebx                ; each range is 1 MiB at a multiple of 2 MiB
        shl     eax, 21
        mov     [es:di], eax
        mov     dword [es:di + 4], 0
        mov     dword [es:di + 8], 0x100000
        mov     dword [es:di + 12], 0
        mov     dword [es:di + 16], 1
        inc     ebx
        cmp     bx, [cs:ranges - 0x7c00]
        jb      .more
        xor     ebx, ebx
.more:  mov     eax, SMAP
        mov     ecx, ENTRY
        jmp     .succeed
.sizes: mov     eax, 0x3c00
        mov     ecx, eax
        mov     ebx, 0xff00
        mov     edx, ebx
.succeed:
        push    bp
        mov     bp, sp
        and     byte [bp + 6], 0xfe     ; the carry flag that IRET loads
        pop     bp
        iret
.other: jmp     far [cs:old_vector - 0x7c00]

old_vector: dd  0

        times   506 - ($ - $$) db 0
ranges: dw      0
ending: db      's'
        db      0
        dw      0xaa55
