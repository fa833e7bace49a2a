; A guest that uses the BIOS has a copy of this block in low memory. The block starts the guest from a disk, and then answers the
; BIOS's memory functions with the guest's memory instead of the machine's. kernel/guest/bios/bios.ts fills in the parameters
; and the table, and knows their offsets.

global tsvm_bios_block

BLOCK           equ 0x1000
TABLE           equ 0x600
ENTRY           equ 20

%define OFFSET(label) (label - tsvm_bios_block)

BOOT_SECTOR     equ 0x7c00              ; the BIOS loads it to this address; it ends with the signature
SIGNATURE       equ 0xaa55
SIGNATURE_AT    equ BOOT_SECTOR + 510
SCRATCH         equ 0x7e00              ; free until the boot sector runs
VECTOR_15       equ 0x15 * 4
ATTEMPTS        equ 3

SMAP            equ 0x534d4150          ; ACPI Specification 6.4, 15.1
ENTRY_EXTENDED  equ 24                  ; an entry with a word of attributes
ENABLED         equ 1
CARRY           equ 1
NOT_SUPPORTED   equ 0x86                ; AH for a function that INT 15h does not have

LINE_STATUS     equ 5
SENDER_READY    equ 0x20

section .rodata
bits 16
align 16
tsvm_bios_block:
        jmp     near start
        times   8 - OFFSET($) db 0
        db      "tsvmBIOS"              ; a second tsvm finds the first by this
        jmp     near on_system          ; INT 15h, at offset 16
        times   0x20 - OFFSET($) db 0
disk:           db 0                    ; its number for INT 13h
        align   2
serial_port:    dw 0                    ; messages also go to this port; 0: to none
ranges:         dw 0                    ; entries of the table
below_16_mib:   dw 0                    ; available memory from 1 MiB on, in KiB; at most 60 MiB are counted
above_16_mib:   dw 0                    ; available memory above, in units of 64 KiB
extended:       dw 0                    ;   KiB
        align   4
old_vector:     dd 0
entry_bytes:    dw ENTRY                ; ENTRY_EXTENDED if the BIOS returns that many

; Entry. Interrupts are off; all segment registers except CS are 0.
start:  cld
        mov     ax, cs
        mov     ds, ax
        xor     ax, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, BOOT_SECTOR
        sti
        call    ask_entry_bytes
        cli
        mov     eax, [es:VECTOR_15]
        mov     [OFFSET(old_vector)], eax
        mov     word [es:VECTOR_15], 16
        mov     [es:VECTOR_15 + 2], cs
        sti
        mov     si, ATTEMPTS
.read:  mov     ax, 0x0201              ; read one sector
        mov     cx, 0x0001              ; cylinder 0, sector 1
        mov     dh, 0                   ; head 0
        mov     dl, [OFFSET(disk)]
        mov     bx, BOOT_SECTOR
        push    si
        int     0x13
        pop     si
        jnc     .check
        mov     [OFFSET(error)], ah
        mov     ah, 0                   ; reset the disk
        mov     dl, [OFFSET(disk)]
        push    si
        int     0x13
        pop     si
        dec     si
        jnz     .read
        mov     si, OFFSET(unreadable)
        call    print
        mov     al, [OFFSET(error)]
        call    print_byte
        jmp     give_up

.check: cmp     word [es:SIGNATURE_AT], SIGNATURE
        mov     si, OFFSET(unsigned)
        jne     .no
        mov     dl, [OFFSET(disk)]
        movzx   edx, dl
        mov     eax, SIGNATURE
        xor     ebx, ebx
        xor     ecx, ecx
        xor     esi, esi
        xor     edi, edi
        xor     ebp, ebp
        mov     ds, bx
        jmp     0:BOOT_SECTOR
.no:    call    print

; Lets the BIOS go on as if the boot sector found nothing to start: with its next device, or with its own message.
give_up:
        mov     si, OFFSET(goes_on)
        call    print
        int     0x18
.halt:  hlt
        jmp     .halt

ask_entry_bytes:
        mov     eax, 0xe820
        mov     edx, SMAP
        xor     ebx, ebx
        mov     ecx, ENTRY_EXTENDED
        mov     di, SCRATCH
        int     0x15
        jc      .end
        cmp     cx, ENTRY_EXTENDED
        jb      .end
        mov     word [OFFSET(entry_bytes)], ENTRY_EXTENDED
.end:   ret

; Prints the zero-terminated text at si; `\1` in it stands for the disk.
print:  lodsb
        cmp     al, 1
        jb      .end
        je      .disk
        call    print_character
        jmp     print
.disk:  mov     al, [OFFSET(disk)]
        call    print_byte
        jmp     print
.end:   ret

; Prints al as two hexadecimal digits.
print_byte:
        push    ax
        shr     al, 4
        call    .digit
        pop     ax
        and     al, 15
.digit: cmp     al, 10
        sbb     al, 0x69
        das
        ; falls through

; Prints al on the screen and on the serial port. It does not wait endlessly for a broken port.
print_character:
        push    ax
        mov     ah, 0x0e
        mov     bx, 0x0007
        push    si
        int     0x10
        pop     si
        pop     ax
        mov     ah, al
        mov     dx, [OFFSET(serial_port)]
        test    dx, dx
        jz      .end
        add     dx, LINE_STATUS
        mov     cx, 0xffff
.wait:  in      al, dx
        test    al, SENDER_READY
        loopz   .wait
        sub     dx, LINE_STATUS
        mov     al, ah
        out     dx, al
.end:   ret

; Handler of INT 15h. It answers the memory functions itself, or limits the BIOS's answers; other functions go to the BIOS.
on_system:
        cmp     ax, 0xe820
        je      give_range
        cmp     ax, 0xe801
        je      limit_sizes
        cmp     ax, 0xe881
        je      limit_long_sizes
        cmp     ah, 0x88
        je      limit_extended
        cmp     ax, 0xda88              ; two older memory functions, which most BIOSes do not have
        je      refuse
        cmp     ah, 0x8a
        je      refuse
        jmp     far [cs:OFFSET(old_vector)]

; Copies entry ebx of the map to es:di, at most ecx bytes. ebx becomes the number of the next entry, 0 after the last.
give_range:
        cmp     edx, SMAP
        jne     refuse
        cmp     ecx, ENTRY
        jb      refuse
        movzx   eax, word [cs:OFFSET(ranges)]
        cmp     ebx, eax
        jae     refuse
        push    ds
        push    si
        push    di
        push    cs
        pop     ds
        cld
        imul    si, bx, ENTRY
        add     si, TABLE
        cmp     ecx, ENTRY_EXTENDED
        mov     ecx, ENTRY
        jb      .copy
        mov     cx, [OFFSET(entry_bytes)]
        cmp     cx, ENTRY_EXTENDED
        jb      .copy
        mov     dword [es:di + ENTRY], ENABLED
.copy:  push    cx
        mov     cx, ENTRY / 2
        rep movsw
        pop     cx
        inc     ebx
        cmp     ebx, eax
        jb      .more
        xor     ebx, ebx
.more:  pop     di
        pop     si
        pop     ds
        mov     eax, SMAP
succeed:
        push    bp
        mov     bp, sp
        and     byte [bp + 6], ~CARRY   ; in the flags that IRET loads
        pop     bp
        iret

; Limits sizes. ax and cx: KiB from 1 MiB to 16 MiB; bx and dx: memory above, in units of 64 KiB.
limit_sizes:
        pushf
        call    far [cs:OFFSET(old_vector)]
        jc      fail
        push    si
        mov     si, [cs:OFFSET(below_16_mib)]
        cmp     ax, si
        cmova   ax, si
        cmp     cx, si
        cmova   cx, si
        mov     si, [cs:OFFSET(above_16_mib)]
        cmp     bx, si
        cmova   bx, si
        cmp     dx, si
        cmova   dx, si
        pop     si
        jmp     succeed

; Limits the same sizes in 32-bit registers.
limit_long_sizes:
        pushf
        call    far [cs:OFFSET(old_vector)]
        jc      fail
        push    esi
        movzx   esi, word [cs:OFFSET(below_16_mib)]
        cmp     eax, esi
        cmova   eax, esi
        cmp     ecx, esi
        cmova   ecx, esi
        movzx   esi, word [cs:OFFSET(above_16_mib)]
        cmp     ebx, esi
        cmova   ebx, esi
        cmp     edx, esi
        cmova   edx, esi
        pop     esi
        jmp     succeed

; Limits ax: KiB from 1 MiB on.
limit_extended:
        pushf
        call    far [cs:OFFSET(old_vector)]
        jc      fail
        cmp     ax, [cs:OFFSET(extended)]
        cmova   ax, [cs:OFFSET(extended)]
        jmp     succeed

refuse: mov     ah, NOT_SUPPORTED
fail:   push    bp
        mov     bp, sp
        or      byte [bp + 6], CARRY
        pop     bp
        iret

error:          db 0
unreadable:     db "tsvm: disk 0x", 1, " cannot be read: INT 13h gives error 0x", 0
unsigned:       db "tsvm: disk 0x", 1, " has no boot sector: its first sector does not end with 55 AA", 0
goes_on:        db 13, 10, "tsvm: the BIOS goes on by itself (INT 18h); disk= names another disk", 13, 10, 0

        times   TABLE - OFFSET($) db 0
