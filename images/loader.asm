; The EFI application that firmware starts from a medium. It starts \tsvm.bin of the device that it was loaded from. If that
; fails, firmware would go on with its next boot option; this application prints a message and halts instead, so that the node
; does not run without tsvm. With FALLBACK defined, a choice of the medium's maker, it prints the message and returns to the
; firmware. OPTIONS is the text that tsvm gets as its load options.
; All addresses are relative to RIP, so that no relocations are needed.

PAGE            equ 0x1000
SECTOR          equ 0x200
DATA_BYTES      equ 3 * PAGE            ; two of them for the longest options that tsvm accepts
IMAGE_BYTES     equ 2 * PAGE + DATA_BYTES
CODE            equ 0x60000020          ; a section that can be read and executed
DATA            equ 0xc0000040          ; a section that can be read and written
NO_EXECUTE_DATA equ 0x0100
DIRECTORIES     equ 6                   ; up to the ones for a signature and for relocations, which are empty

; Offsets in tables and protocols (UEFI Specification 2.10: 4.3, 4.4, 9.1, 12.4.1).
CONSOLE_OUTPUT  equ 64
BOOT_SERVICES   equ 96
OUTPUT_STRING   equ 8
HANDLE_PROTOCOL equ 152
LOAD_IMAGE      equ 200
START_IMAGE     equ 208
SET_WATCHDOG    equ 256
LOCATE_PROTOCOL equ 320
IMAGE_DEVICE    equ 24
IMAGE_OPTIONS_BYTES equ 48
IMAGE_OPTIONS   equ 56

; EFI_STATUS (appendix D).
LOAD_ERROR      equ 0x8000000000000001
UNSUPPORTED     equ 0x8000000000000003
NOT_STARTED     equ 0x8000000000000013
ABORTED         equ 0x8000000000000015

; Nodes of device paths (10.3.1, 10.3.5.4).
NODE_BYTES      equ 4
PATH_END        equ 0x7f
MEDIA           equ 4
FILE            equ 4
DEVICE_PATH_MOST equ 0x800

COM1            equ 0x3f8
LINE_STATUS     equ 5
SENDER_READY    equ 0x20

bits 64
default rel
org 0
        db      "MZ"
        times   0x3c - ($ - $$) db 0
        dd      pe
pe:     db      "PE", 0, 0
        dw      0x8664, 2               ; x86-64, two sections
        dd      0, 0, 0
        dw      section_table - optional, 0x0222
optional:
        dw      0x020b, 0
        dd      PAGE, DATA_BYTES, 0
        dd      start, start
        dq      0
        dd      PAGE, SECTOR
        dw      0, 0, 0, 0, 0, 0
        dd      0, IMAGE_BYTES, PAGE, 0
        dw      10, NO_EXECUTE_DATA     ; an EFI application
        dq      0, 0, 0, 0
        dd      0, DIRECTORIES
        times   DIRECTORIES dq 0
section_table:
        db      ".text", 0, 0, 0
        dd      PAGE, PAGE, PAGE, PAGE, 0, 0, 0, CODE
        db      ".data", 0, 0, 0
        dd      DATA_BYTES, 2 * PAGE, DATA_BYTES, 2 * PAGE, 0, 0, 0, DATA
        times   PAGE - ($ - $$) db 0

; rcx: handle of this image, rdx: system table. Returns a status. Calls preserve rbx and r12 to r15.
start:  push    rbx
        push    rsi
        push    rdi
        push    r12
        push    r13
        sub     rsp, 0x30               ; room for four parameters and two more; the stack stays aligned to 16 bytes
        mov     r12, rcx
        mov     r13, rdx
        mov     rbx, [rdx + BOOT_SERVICES]
        call    make_path
        mov     rdx, UNSUPPORTED
        jc      .no
        call    load
        mov     rdx, rax
        test    rax, rax
        jnz     .no
        call    give_options
        mov     rdx, rax
        test    rax, rax
        jnz     .no
        mov     rcx, [image]
        xor     edx, edx
        xor     r8d, r8d
        call    [rbx + START_IMAGE]
        mov     [status], rax
        mov     rcx, ABORTED            ; tsvm returns this if its own options let the node go on
        cmp     rax, rcx
        je      .end
        mov     rcx, NOT_STARTED        ; and this if it runs, with the firmware as its guest
        cmp     rax, rcx
        mov     rdx, rax
        jne     .no
.end:   add     rsp, 0x30
        pop     r13
        pop     r12
        pop     rdi
        pop     rsi
        pop     rbx
        ret

.no:    mov     [status], rdx
        call    report
%ifdef FALLBACK
        mov     rax, LOAD_ERROR
        jmp     .end
%else
        xor     ecx, ecx                ; 0: switch off the firmware's watchdog, which resets the machine after 5 minutes (7.5)
        xor     edx, edx
        xor     r8d, r8d
        xor     r9d, r9d
        call    [rbx + SET_WATCHDOG]
        cli
.halt:  hlt
        jmp     .halt
%endif

; Makes the path of the file from the device's path and the file's name. Sets carry if the device has no path, or a too long one.
make_path:
        sub     rsp, 0x28
        mov     rcx, r12
        lea     rdx, [loaded_image]
        call    protocol
        jnz     .no
        mov     rcx, [rax + IMAGE_DEVICE]
        lea     rdx, [device_path]
        call    protocol
        jnz     .no
        mov     rsi, rax
        lea     rdi, [path]
        mov     r8d, DEVICE_PATH_MOST
.node:  cmp     byte [rsi], PATH_END
        je      .name
        movzx   ecx, word [rsi + 2]
        cmp     ecx, NODE_BYTES
        jb      .no
        sub     r8d, ecx
        jb      .no
        rep movsb
        jmp     .node
.name:  lea     rsi, [file]
        mov     ecx, file_end - file
        rep movsb
        add     rsp, 0x28
        clc
        ret
.no:    add     rsp, 0x28
        stc
        ret

; Loads the file and returns a status. With Secure Boot, firmware refuses here a file without a signature that it trusts.
load:   sub     rsp, 0x38
        xor     ecx, ecx                ; do not look for another file if this one is missing
        mov     rdx, r12
        lea     r8, [path]
        xor     r9d, r9d                ; no copy in memory
        mov     qword [rsp + 0x20], 0
        lea     rax, [image]
        mov     [rsp + 0x28], rax
        call    [rbx + LOAD_IMAGE]
        add     rsp, 0x38
        ret

; Passes the options of the medium; if it has none, those from the firmware. Returns a status.
give_options:
        sub     rsp, 0x28
        mov     rcx, r12
        lea     rdx, [loaded_image]
        call    protocol
        jnz     .end
        mov     rsi, [rax + IMAGE_OPTIONS]
        mov     edi, [rax + IMAGE_OPTIONS_BYTES]
%ifdef OPTIONS
        lea     rsi, [options]
        mov     edi, options_end - options
%endif
        mov     rcx, [image]
        lea     rdx, [loaded_image]
        call    protocol
        jnz     .end
        mov     [rax + IMAGE_OPTIONS], rsi
        mov     [rax + IMAGE_OPTIONS_BYTES], edi
        xor     eax, eax
.end:   add     rsp, 0x28
        ret

; rax: the protocol of handle rcx with the GUID at rdx. If it has none, the zero flag is clear and rax is a status.
protocol:
        sub     rsp, 0x28
        lea     r8, [interface]
        call    [rbx + HANDLE_PROTOCOL]
        add     rsp, 0x28
        test    rax, rax
        jnz     .end
        mov     rax, [interface]
.end:   ret                             ; MOV leaves the flags alone

; Sets the zero flag if the firmware has a protocol with the GUID at rcx.
locate: sub     rsp, 0x28
        xor     edx, edx
        lea     r8, [interface]
        call    [rbx + LOCATE_PROTOCOL]
        add     rsp, 0x28
        test    rax, rax
        ret

; Prints what is wrong. Does not use the first serial port if the firmware has a driver for serial ports.
report: sub     rsp, 0x28
        lea     rcx, [serial_io]
        call    locate
        setnz   [has_port]
        lea     rsi, [message]
        call    print
        mov     rdi, [status]
        mov     r12d, 16
.digit: rol     rdi, 4
        mov     eax, edi
        and     eax, 15
        lea     rsi, [digits]
        mov     al, [rsi + rax]
        call    print_character
        dec     r12d
        jnz     .digit
        lea     rsi, [message_end]
        call    print
        add     rsp, 0x28
        ret

; Prints the text at rsi that ends with a zero byte.
print:  sub     rsp, 8
.next:  lodsb
        test    al, al
        jz      .end
        call    print_character
        jmp     .next
.end:   add     rsp, 8
        ret

; al: an ASCII character. Keeps rsi, rdi, rbx and r12.
print_character:
        sub     rsp, 0x28
        mov     [character], al
        cmp     byte [has_port], 0
        je      .console
        mov     ah, al
        mov     edx, COM1 + LINE_STATUS
        mov     ecx, 0xffff             ; a limit, since a missing port is never ready
.wait:  in      al, dx
        test    al, SENDER_READY
        loopz   .wait
        mov     edx, COM1
        mov     al, ah
        out     dx, al
.console:
        mov     rcx, [r13 + CONSOLE_OUTPUT]
        test    rcx, rcx
        jz      .end
        lea     rdx, [character]
        call    [rcx + OUTPUT_STRING]
.end:   add     rsp, 0x28
        ret

        times   2 * PAGE - ($ - $$) db 0

align   8, db 0
loaded_image:   dq 0x11d295625b1b31a1, 0x3b7269c9a0003f8e
device_path:    dq 0x11d26d3f09576e91, 0x3b7269c9a000398e
serial_io:      dq 0x11d2f1d4bb25cf6f, 0xfdc13f2790000c9a
interface:      dq 0
image:          dq 0
status:         dq 0
character:      dd 0                    ; in UTF-16, with a zero behind
has_port:       db 0

file:   db      MEDIA, FILE
        dw      .end - file
        dw      __utf16le__('\tsvm.bin'), 0
.end:   db      PATH_END, 0xff
        dw      NODE_BYTES
file_end:

digits: db      "0123456789abcdef"
message:
        db      "tsvm: tsvm.bin does not start: it is missing, damaged or refused (EFI status ", 0
message_end:
        db      ")", 13, 10
%ifdef FALLBACK
        db      "tsvm: the node starts WITHOUT a hypervisor, as --fallback node said", 13, 10, 0
%else
        db      "tsvm: the node does not start without it; write the medium again", 13, 10, 0
%endif

%ifdef OPTIONS
align   2, db 0
options:
        dw      __utf16le__(OPTIONS), 0
options_end:
%endif
path:                                   ; zeros, and room behind the longest path of a device
        times   IMAGE_BYTES - ($ - $$) db 0
%if IMAGE_BYTES - (path - $$) < DEVICE_PATH_MOST + (file_end - file)
%error  the options are too long
%endif
