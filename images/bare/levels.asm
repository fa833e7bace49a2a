; A Multiboot kernel that starts a bzImage, its module, at the 64-bit entry with five-level paging on, as kexec does in a Linux
; with such paging. If the command line ends with "high", it puts the image above 4 GiB.

%define MAGIC      0x1badb002
%define FLAGS      0x00010003           ; modules on pages, memory's size, addresses below
%define LOAD       0x300000
%define STACK      0x90000
%define ZERO_PAGE  0x90000
%define TABLES     0x80000              ; of levels 5, 4 and 3
%define LOW_PLACE  0x4000000
%define HIGH_PLACE 0x100000000
%define SETUP_SECTORS 0x1f1
%define PARAGRAPHS 0x1f4
%define HEADER_END 0x201
%define MAP_COUNT  0x1e8
%define MAP_RANGES 0x2d0

bits 32
org LOAD

image:  dd      MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd      image, LOAD, file_end, file_end, start

start:  mov     esp, STACK
        mov     esi, [ebx + 16]
.text:  lodsb
        test    al, al
        jnz     .text
        cmp     dword [esi - 5], "high"
        sete    byte [high]
        mov     ebx, [ebx + 24]
        mov     ebx, [ebx]              ; the module

        mov     edi, TABLES
        xor     eax, eax
        mov     ecx, 3 * 0x400
        rep     stosd
        mov     dword [TABLES], TABLES + 0x1003
        mov     dword [TABLES + 0x1000], TABLES + 0x2003
        mov     edi, TABLES + 0x2000
        xor     edx, edx
        mov     eax, 0x83               ; pages of 1 GiB, present and writable, to 8 GiB
.page:  mov     [edi], eax
        mov     [edi + 4], edx
        add     edi, 8
        add     eax, 0x40000000
        adc     edx, 0
        cmp     edi, TABLES + 0x2040
        jb      .page
        mov     eax, 0x1020             ; PAE, LA57
        mov     cr4, eax
        mov     eax, TABLES
        mov     cr3, eax
        mov     ecx, 0xc0000080         ; EFER
        rdmsr
        bts     eax, 8                  ; LME
        wrmsr
        mov     eax, cr0
        bts     eax, 31                 ; PG
        mov     cr0, eax
        lgdt    [limits]
        jmp     0x10:start.long

bits 64
.long:  mov     edi, ZERO_PAGE
        xor     eax, eax
        mov     ecx, 0x400
        rep     stosd
        movzx   ecx, byte [rbx + HEADER_END]
        add     ecx, HEADER_END + 1 - SETUP_SECTORS
        lea     rsi, [rbx + SETUP_SECTORS]
        mov     edi, ZERO_PAGE + SETUP_SECTORS
        rep     movsb
        mov     byte [abs ZERO_PAGE + MAP_COUNT], 2
        mov     esi, ranges
        mov     edi, ZERO_PAGE + MAP_RANGES
        mov     ecx, 2 * 5
        rep     movsd

        movzx   esi, byte [rbx + SETUP_SECTORS]
        inc     esi
        shl     esi, 9
        add     rsi, rbx
        mov     ecx, [rbx + PARAGRAPHS]
        shl     ecx, 4
        mov     edi, LOW_PLACE
        mov     rax, HIGH_PLACE
        cmp     byte [abs high], 0
        cmovne  rdi, rax
        lea     rax, [rdi + 0x200]
        rep     movsb
        mov     esi, ZERO_PAGE
        jmp     rax

ranges: dq      0, 0x90000
        dd      1
        dq      0x100000, 0xff00000
        dd      1
        align   8
table:  dq      0, 0
        dq      0x00af9a000000ffff      ; 10h: 64-bit code
limits:
        dw      3 * 8 - 1
        dd      table
high:   db      0
file_end:
