; A multiboot image that prints the time stamp counter at its first instruction and ends the emulator: when an image
; in its place would have started.
;   entry: start = 0xVALUE

%define COM1      0x3f8
%define POWER_OFF 0xf4
%define MAGIC     0x1badb002
%define FLAGS     0x00010003
%define LOAD      0x200000

bits 32
org LOAD

header: dd MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd header, header, 0, 0, start

start:  rdtsc
        mov     ebx, eax
        mov     edi, edx
        mov     esi, text
.text:  lodsb
        test    al, al
        jz      .value
        call    print_character
        jmp     .text
.value: mov     esi, 16                 ; digits
.digit: shld    eax, edi, 4             ; the highest digit of edi:ebx
        shld    edi, ebx, 4
        shl     ebx, 4
        and     eax, 15
        mov     al, [digits + eax]
        call    print_character
        dec     esi
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
