; A disk whose boot sector prints on COM1 how the BIOS describes the machine:
;   bios: NAME = VALUE...
; It loads the rest of itself by cylinder, head and sector, and reads the following sectors by number. The byte at 507 decides
; how it ends: `o` ends the emulator; `r` resets by the keyboard controller, `c` by port 0xcf9, `t` by a triple fault; `w` calls
; INT 19h, the BIOS's bootstrap.

%define COM1            0x3f8
%define POWER_OFF       0xf4
%define SMAP            0x534d4150
%define SECTORS         4               ; after the first one
%define PATTERN         (1 + SECTORS)   ; the sectors from here on are read by number, and their sum is printed
%define PATTERN_SECTORS 64
%define BUFFER          0x8800          ; for an entry of the map, and for sectors

bits 16
org 0x7c00

%macro text 1
        call    print
        db      %1, 0
%endmacro

start:  sti
        cld
        push    dx
        mov     dx, COM1 + 3            ; 8 bits a character
        mov     al, 3
        out     dx, al
        text    "bios: start"
        pop     dx
        push    dx
        mov     al, dl
        text    " dl="
        call    print_byte
        mov     ax, cs
        text    " cs="
        call    print_word
        text    10
        pop     dx
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     [drive], dl
        mov     ax, 0x0200 + SECTORS
        mov     bx, 0x7e00
        mov     cx, 2
        mov     dh, 0
        int     0x13
        jnc     second
        text    {"bios: cannot read the rest", 10}
        jmp     stop

; Prints the zero-terminated text that follows the call. Preserves all registers.
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

stop:   hlt
        jmp     stop

drive:  db      0
        times   507 - ($ - $$) db 0
ending: db      "o"
        db      0, 0                    ; no partition table; some BIOSes look for one
        dw      0xaa55

second: mov     ecx, 20
        call    memory_map
        mov     ecx, 24
        call    memory_map

        mov     eax, 0xe820             ; with a buffer smaller than an entry
        mov     edx, SMAP
        xor     ebx, ebx
        mov     ecx, 19
        mov     di, BUFFER
        int     0x15
        text    "bios: short entry"
        call    print_carry

        mov     ax, 0xe801
        xor     cx, cx
        xor     dx, dx
        int     0x15
        text    "bios: e801 ="
        call    print_sizes
        mov     ax, 0xe881
        xor     ecx, ecx
        xor     edx, edx
        int     0x15
        text    "bios: e881 ="
        call    print_long_sizes
        mov     ah, 0x88
        int     0x15
        text    "bios: 88 = "
        call    print_word
        text    10
        mov     ax, 0xda88
        int     0x15
        text    "bios: da88"
        call    print_carry
        mov     ax, 0xec00              ; another function of INT 15h, which may be missing
        mov     bl, 2
        int     0x15
        text    "bios: ec00 ah="
        mov     al, ah
        call    print_byte
        call    print_carry
        int     0x12
        text    "bios: 12 = "
        call    print_word
        text    10
        mov     ax, [0x40e]
        text    "bios: ebda = "
        call    print_word
        text    10

        mov     ah, 8                   ; the disk's geometry
        mov     dl, [drive]
        xor     bx, bx
        xor     di, di
        int     0x13
        text    "bios: geometry ="
        call    print_sizes
        xor     ax, ax
        mov     es, ax

        call    read_pattern
        mov     cx, [0x46c]             ; the timer's interrupt counts here
.tick:  hlt
        cmp     cx, [0x46c]
        je      .tick
        text    {"bios: the timer ticks", 10}

        mov     al, [ending]
        cmp     al, "r"
        je      by_keyboard
        cmp     al, "c"
        je      by_port
        cmp     al, "t"
        je      by_fault
        cmp     al, "w"
        je      by_bootstrap
        text    {"bios: end", 10}
        mov     dx, POWER_OFF
        xor     eax, eax
        out     dx, eax
        jmp     stop
by_keyboard:
        text    {"bios: resets by the keyboard controller", 10}
        mov     al, 0xfe
        out     0x64, al
        jmp     stop
by_port:
        text    {"bios: resets by port 0xcf9", 10}
        mov     dx, 0xcf9
        mov     al, 6
        out     dx, al
        jmp     stop
by_bootstrap:
        text    {"bios: starts anew", 10}
        int     0x19
        jmp     stop
by_fault:
        text    {"bios: resets by a triple fault", 10}
        lidt    [no_table]
        int3
no_table:
        dw      0
        dd      0

; Prints the memory map, read in entries of ecx bytes.
memory_map:
        mov     [wanted], ecx
        xor     ebx, ebx
.next:  mov     eax, 0xe820
        mov     edx, SMAP
        mov     ecx, [wanted]
        mov     di, BUFFER
        mov     dword [di + 20], -1
        push    ds
        pop     es
        int     0x15
        jc      .end
        cmp     eax, SMAP
        jne     .end
        push    ecx
        text    "bios: e820/"
        mov     al, [wanted]
        call    print_byte
        text    " = "
        mov     eax, [BUFFER + 4]
        call    print_dword
        mov     eax, [BUFFER]
        call    print_dword
        text    " "
        mov     eax, [BUFFER + 12]
        call    print_dword
        mov     eax, [BUFFER + 8]
        call    print_dword
        text    " "
        mov     eax, [BUFFER + 16]
        call    print_dword
        text    " "
        mov     eax, [BUFFER + 20]
        call    print_dword
        text    " of "
        pop     eax
        call    print_byte
        text    10
        test    ebx, ebx
        jnz     .next
        ret
.end:   text    {"bios: e820 ends by an error", 10}
        ret

; Sums up sectors, each read by its number (INT 13h, AH = 42h).
read_pattern:
        mov     cx, PATTERN_SECTORS
        xor     ebx, ebx
        mov     word [packet_sector], PATTERN
.next:  push    cx
        push    ebx
        mov     word [packet_count], 1
        mov     si, packet
        mov     ah, 0x42
        mov     dl, [drive]
        int     0x13
        pop     ebx
        pop     cx
        jc      .failed
        mov     si, BUFFER
        push    cx
        mov     cx, 128
.add:   lodsd
        rol     ebx, 1
        add     ebx, eax
        loop    .add
        pop     cx
        inc     word [packet_sector]
        loop    .next
        mov     eax, ebx
        text    "bios: sum = "
        call    print_dword
        text    10
        ret
.failed:
        mov     al, ah
        text    "bios: cannot read: "
        call    print_byte
        text    10
        ret

print_carry:
        jc      .set
        text    {" succeeds", 10}
        ret
.set:   text    {" fails", 10}
        ret

print_sizes:
        pushf
        push    dx
        push    cx
        push    bx
        text    " "
        call    print_word
        pop     ax
        text    " "
        call    print_word
        pop     ax
        text    " "
        call    print_word
        pop     ax
        text    " "
        call    print_word
        popf
        jmp     print_carry

print_long_sizes:
        pushf
        push    edx
        push    ecx
        push    ebx
        push    eax
        mov     cx, 4
.next:  pop     eax
        text    " "
        call    print_dword
        loop    .next
        popf
        jmp     print_carry

wanted: dd      0
        align   4
packet: db      16, 0
packet_count:
        dw      1
        dw      BUFFER, 0
packet_sector:
        dq      0

        times   512 * PATTERN - ($ - $$) db 0
pattern:
%assign i 0
%rep    PATTERN_SECTORS * 128
        dd      (0x9e3779b1 * i + 0x1234) & 0xffffffff
%assign i i + 1
%endrep
        times   2 * 16 * 63 * 512 - ($ - $$) db 0 ; cylinders of 16 heads and 63 sectors
