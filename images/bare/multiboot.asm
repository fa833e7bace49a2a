; A 32-bit ELF file for Multiboot loaders. It prints on COM1 what the loader passes to it, and ends the emulator:
;   multiboot: NAME = VALUE...
; Its virtual addresses differ from its physical ones, and it checks that its .bss is zero.

%define COM1      0x3f8
%define POWER_OFF 0xf4
%define MAGIC     0x1badb002
%define FLAGS     0x00000003            ; modules on pages, memory's size
%define LOAD      0x300000
%define VIRTUAL   0xc0300000
%define ZEROED    0x5000

%macro text 1
        jmp     %%start
%%text: db      %1, 0
%%start:
        mov     esi, %%text
        call    print
%endmacro
%macro show 2
        push    dword %2
        text    {"multiboot: ", %1, " = "}
        pop     eax
        call    print_value
        call    end_line
%endmacro

bits 32
org LOAD

file:   db      0x7f, "ELF", 1, 1, 1
        times   16 - ($ - file) db 0
        dw      2, 3                    ; executable, for 80386
        dd      1, start - LOAD + VIRTUAL, table - file, 0, 0
        dw      52, 32, 2, 0, 0, 0
table:  dd      1, 0, VIRTUAL, LOAD, file_end - file, file_end - file, 7, 0x1000
        dd      1, 0, VIRTUAL + 0x10000, LOAD + 0x10000, 0, ZEROED, 6, 0x1000
        align   4
header: dd      MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd      header, LOAD, file_end, LOAD + 0x10000 + ZEROED, start ; used where bit 16 of the flags is set

start:  mov     esp, LOAD + 0x10000 + ZEROED
        push    ebx
        push    eax
        mov     dx, COM1 + 3            ; 8 bits a character
        mov     al, 3
        out     dx, al
        show    "magic", [esp]
        mov     eax, cr0
        and     eax, 0x80000001         ; PG and PE
        show    "cr0", eax
        pushfd
        pop     eax
        and     eax, 0x20200            ; VM and IF
        show    "flags", eax
        mov     ebp, [esp + 4]
        mov     eax, [ebp]
        and     eax, 0x4d               ; sizes, command line, modules, map
        show    "given", eax
        show    "low", [ebp + 4]
        show    "high", [ebp + 8]
        text    {"multiboot: command line = "}
        mov     esi, [ebp + 16]
        call    print
        call    end_line
        show    "modules", [ebp + 20]
        cmp     dword [ebp + 20], 0
        je      .map
        mov     ebx, [ebp + 24]
        mov     eax, [ebx + 4]
        sub     eax, [ebx]
        show    "module bytes", eax
        mov     ecx, eax
        mov     esi, [ebx]
        xor     edx, edx
.sum:   jecxz   .summed
        movzx   eax, byte [esi]
        rol     edx, 1
        add     edx, eax
        inc     esi
        dec     ecx
        jmp     .sum
.summed:
        show    "module sum", edx

.map:   mov     ebx, [ebp + 48]
        mov     edi, [ebp + 44]
        add     edi, ebx
.range: cmp     ebx, edi
        jae     .zeroed
        text    {"multiboot: range = "}
        mov     eax, [ebx + 8]
        call    print_value
        mov     eax, [ebx + 4]
        call    print_value
        text    " "
        mov     eax, [ebx + 16]
        call    print_value
        mov     eax, [ebx + 12]
        call    print_value
        text    " "
        mov     eax, [ebx + 20]
        call    print_value
        call    end_line
        add     ebx, [ebx]
        add     ebx, 4
        jmp     .range

.zeroed:                                ; all but what was pushed
        mov     edi, LOAD + 0x10000
        mov     ecx, (ZEROED - 0x1000) / 4
        xor     eax, eax
        repe scasd
        sete    al
        show    "zeroed", eax
        mov     dx, POWER_OFF
        xor     eax, eax
        out     dx, eax
        hlt

; Prints eax as eight hexadecimal digits.
print_value:
        mov     ecx, 8
.digit: rol     eax, 4
        push    eax
        and     eax, 15
        mov     al, [digits + eax]
        call    print_character
        pop     eax
        loop    .digit
        ret

end_line:
        mov     al, 10
        jmp     print_character
print:  lodsb
        test    al, al
        jz      .end
        call    print_character
        jmp     print
.end:   ret

print_character:
        push    edx
        push    eax
        mov     dx, COM1 + 5
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        pop     eax
        mov     dx, COM1
        out     dx, al
        pop     edx
        ret

digits: db      "0123456789abcdef"
file_end:
