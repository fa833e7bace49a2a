; A file in the form of a Linux bzImage. It prints the time-stamp counter at its first instruction, in real mode, and ends the
; emulator. This is the time at which an image in its place would have started.
;   entry: start = 0xVALUE

%define COM1      0x3f8
%define POWER_OFF 0xf4

bits 16
org 0
        times 0x1f1 db 0
        db 3                            ; setup_sects
        times 0x1fe - ($ - $$) db 0
        dw 0xaa55
        jmp short start
        db "HdrS"
        dw 0x020f                       ; version
        times 0x211 - ($ - $$) db 0
        db 1                            ; loadflags: LOADED_HIGH
        times 0x22c - ($ - $$) db 0
        dd 0x7fffffff                   ; initrd_addr_max
        times 0x26c - ($ - $$) db 0

start:  rdtsc
        mov     ebx, eax
        mov     edi, edx
        mov     si, text
.text:  lodsb
        test    al, al
        jz      .value
        call    print_character
        jmp     .text
.value: mov     si, 16                  ; digits
.digit: shld    eax, edi, 4             ; the highest digit of edi:ebx
        shld    edi, ebx, 4
        shl     ebx, 4
        and     eax, 15
        mov     bp, ax
        mov     al, [ds:digits + bp]
        call    print_character
        dec     si
        jnz     .digit
        mov     al, 10
        call    print_character
        mov     dx, POWER_OFF
        xor     eax, eax
        out     dx, eax
        hlt

print_character:
        mov     cl, al
        mov     dx, COM1 + 5
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        mov     al, cl
        mov     dx, COM1
        out     dx, al
        ret

text:   db "entry: start = 0x", 0
digits: db "0123456789abcdef"

        times 0x1000 - ($ - $$) db 0    ; where the protected-mode part would be
