; The way from a boot loader to tsvm_start in 64-bit mode. The image may lie on any page. Until the early page tables map it to
; the address that it is linked for, (e/r)bx holds its address.

%include "layout.inc"

global tsvm_entry, tsvm_linux_entry, tsvm_linux_entry_64, tsvm_check_image, image_physical
global tsvm_map_image, early_pml4, early_pdpt, early_gdt
extern tsvm_start, image_sums, main_stack_top
extern image_text, image_pages, image_checked, image_checked_words, image_data_end, image_zeroed_words

LINUX_MAGIC     equ 0x53726448          ; passed to tsvm_start for the Linux boot protocol: "HdrS"

COM1            equ 0x3f8
LINE_STATUS     equ COM1 + 5
SENDER_READY    equ 0x20
TEXT_SCREEN     equ 0xb8000 + 23 * 160  ; its last two rows
GREY_ON_BLACK   equ 7
LINE_END        equ 13

LEAF_FEATURES   equ 0x80000001          ; CPUID, EDX: APM 3, E.4.2
FEATURE_NX      equ 1 << 20
FEATURE_GIB     equ 1 << 26
FEATURE_LONG    equ 1 << 29

CR4_PAE         equ 1 << 5
CR4_LA57        equ 1 << 12             ; five-level paging
EFER            equ 0xc0000080
EFER_LME        equ 1 << 8
EFER_NXE        equ 1 << 11
CR0_PE          equ 1 << 0
CR0_WP          equ 1 << 16
CR0_PG          equ 1 << 31

PRESENT_WRITE   equ 0x003
LARGE           equ 0x080
PAGE            equ 0x1000
LARGE_PAGE      equ 0x200000
GIB_BITS        equ 30
; Memory that every processor maps, and that processors with 1 GiB pages map. The addresses from IMAGE_BASE on are the image's.
EARLY_GIB       equ 4
MOST_GIB        equ (IMAGE_BASE >> GIB_BITS) & 511

; The present address of a symbol, relative to ebx, before paging is on.
%macro locate 2
%if __?BITS?__ == 32
        lea     %1, [ebx + OFFSET(%2)]
%else
        lea     %1, [rel %2]
%endif
%endmacro

; Zeroes the image's memory that is not in the file, which some loaders do not do, and sets the stack there. Preserves (e/r)di.
; %1: the first letter of registers of the address width.
%macro clear_memory 1
        mov     %{1}bp, %{1}di
        locate  %{1}di, image_data_end
        mov     ecx, image_zeroed_words
        xor     eax, eax
        rep     stosd
        mov     %{1}di, %{1}bp
        locate  %{1}sp, main_stack_top
%endmacro

; Maps the first 4 GiB to themselves in early_pml4, with pages of 2 MiB.
%macro map_memory 1
        locate  %{1}dx, early_pdpt
        locate  %{1}bp, early_pml4
        lea     %{1}ax, [%{1}dx + PRESENT_WRITE]
        mov     [%{1}bp], %{1}ax
        locate  %{1}bp, early_memory
        lea     %{1}ax, [%{1}bp + PRESENT_WRITE]
        xor     ecx, ecx
%%table:
        mov     [%{1}dx + %{1}cx * 8], %{1}ax
        add     %{1}ax, PAGE
        inc     ecx
        cmp     ecx, EARLY_GIB
        jb      %%table
        mov     eax, LARGE + PRESENT_WRITE
        xor     ecx, ecx
%%entry:
        mov     [%{1}bp + %{1}cx * 8], %{1}ax
        add     eax, LARGE_PAGE
        inc     ecx
        cmp     ecx, EARLY_GIB * 512
        jb      %%entry
%endmacro

; This code lies directly behind the header, with everything it needs, so that a truncated file can still report that.
section .entry progbits alloc exec nowrite align=16
bits 32
; Entry from a loader with the Linux boot protocol. esi: its parameters
tsvm_linux_entry:
        mov     eax, LINUX_MAGIC
        jmp     enter_from_32_bits

; Entry from a Multiboot loader. eax: its magic, ebx: its information
tsvm_entry:
        mov     esi, ebx

; To find its address, the image needs a stack. It uses one word at esi, and restores that.
enter_from_32_bits:
        cli
        cld
        mov     edi, eax
        mov     edx, [esi]
        lea     esp, [esi + 4]
        call    .here
.here:  pop     ebx
        mov     [esi], edx
        sub     ebx, OFFSET(.here)
        clear_memory e
        call    has_long_mode
        lea     edx, [ebx + OFFSET(refuse_processor)]
        jne     refuse_in_32_bits
        map_memory e
enter_long_mode:
        lea     eax, [ebx + OFFSET(early_pml4)]
        mov     cr3, eax
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     ecx, EFER
        rdmsr
        or      eax, EFER_LME
        wrmsr
        mov     eax, CR0_PG | CR0_PE
        mov     cr0, eax
        lea     eax, [ebx + OFFSET(early_gdt)]
        push    eax
        sub     esp, 2
        mov     word [esp], EARLY_GDT_LIMIT
        lgdt    [esp]
        push    dword early_code - early_gdt
        lea     eax, [ebx + OFFSET(enter_from_64_bits)]
        push    eax
        retf

refuse_in_32_bits:
        mov     esi, edx
        jmp     refuse

; From here to `bits 64`, the code means the same in 32-bit and in 64-bit mode.

; Sets the zero flag if the processor has 64-bit mode and no-execute pages. Preserves the registers that hold addresses.
has_long_mode:
        push    ebx
        mov     eax, 0x80000000
        cpuid
        cmp     eax, LEAF_FEATURES
        jb      .end
        mov     eax, LEAF_FEATURES
        cpuid
        and     edx, FEATURE_LONG | FEATURE_NX
        cmp     edx, FEATURE_LONG | FEATURE_NX
.end:   pop     ebx
        ret

; Sends the line at (e/r)si to COM1, shows it on the text screen and halts. A port without a UART reads as ready.
refuse: push    esi
.next:  lodsb
        test    al, al
        jz      .sent
        mov     ah, al
.wait:  mov     dx, LINE_STATUS
        in      al, dx
        test    al, SENDER_READY
        jz      .wait
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        jmp     .next
.sent:  pop     esi
        mov     edi, TEXT_SCREEN
.show:  lodsb
        cmp     al, LINE_END
        je      .halt
        mov     [edi], al
        mov     byte [edi + 1], GREY_ON_BLACK
        add     edi, 2
        jmp     .show
.halt:  hlt
        jmp     .halt

bits 64
; 64-bit entry from a loader with the Linux boot protocol. rsi: its parameters. The loader's page tables are identity maps.
tsvm_linux_entry_64:
        cli
        cld
        mov     edi, LINUX_MAGIC
        lea     rbx, [rel image_text]
        clear_memory r
        call    has_long_mode
        lea     rdx, [rel refuse_processor]
        jne     refuse_in_64_bits
        map_memory r
        mov     rax, cr4
        test    eax, CR4_LA57
        jz      finish_tables

; Five-level paging can be switched off only together with paging, in 32-bit code (SDM 3A 4.1.2), which reaches only 4 GiB.
        lea     rdx, [rel refuse_levels]
        mov     rax, rsi
        or      rax, rbx
        shr     rax, 32
        jnz     refuse_in_64_bits
        mov     eax, CR4_PAE | CR4_LA57
        mov     cr4, rax
        lea     rax, [rel early_gdt]
        push    rax
        sub     rsp, 2
        mov     word [rsp], EARLY_GDT_LIMIT
        lgdt    [rsp]
        mov     eax, flat_data - early_gdt
        mov     ss, eax
        push    flat_code - early_gdt
        lea     rax, [rel .flat]
        push    rax
        retfq
bits 32
.flat:  mov     eax, CR0_PE
        mov     cr0, eax
        jmp     enter_long_mode
bits 64

; A switch of modes preserves only the lower halves of registers.
enter_from_64_bits:
        mov     ebx, ebx
        mov     esi, esi
        mov     edi, edi
        lea     rsp, [rel main_stack_top]

; The identity map, the direct map and the image share one third-level table, with different entries.
finish_tables:
        call    tsvm_check_image
        lea     rdx, [rel refuse_damage]
        jne     refuse_in_64_bits
        mov     rax, [rel early_pml4]
        mov     [rel early_pml4 + ((DIRECT >> 39) & 511) * 8], rax
        mov     [rel early_pml4 + ((IMAGE_BASE >> 39) & 511) * 8], rax
        call    map_high_memory
        lea     rdx, [rel refuse_place]
        mov     rcx, rsi
        or      rcx, rbx
        shr     rcx, GIB_BITS
        cmp     ecx, eax
        jae     refuse_in_64_bits
        call    tsvm_map_image

        mov     eax, CR4_PAE
        mov     cr4, rax
        mov     ecx, EFER
        rdmsr
        or      eax, EFER_LME | EFER_NXE
        wrmsr
        lea     rax, [rel early_pml4]
        mov     cr3, rax
        mov     eax, CR0_PG | CR0_WP | CR0_PE
        mov     cr0, rax
        mov     rax, early_gdt
        push    rax
        sub     rsp, 2
        mov     word [rsp], EARLY_GDT_LIMIT
        lgdt    [rsp]
        mov     rsp, main_stack_top
        push    early_code - early_gdt
        mov     rax, .high
        push    rax
        retfq
.high:  mov     eax, early_data - early_gdt
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rsp, main_stack_top
        mov     [rel image_physical], rbx
        xor     ebp, ebp                ; ends the chain of frames
        call    tsvm_start              ; does not return

refuse_in_64_bits:
        mov     rsi, rdx
        jmp     refuse

; Sets the zero flag if the image matches its checksum: the sum of its words, and the sum of all partial sums. Changes rax, rcx,
; rdx, r8.
tsvm_check_image:
        lea     r8, [rel image_checked]
        mov     ecx, image_checked_words
        xor     eax, eax
        xor     edx, edx
.word:  add     eax, [r8]
        add     edx, eax
        add     r8, 4
        dec     ecx
        jnz     .word
        shl     rdx, 32
        or      rax, rdx
        cmp     rax, [rel image_sums]
        ret

; Maps memory above 4 GiB if the processor has 1 GiB pages. Returns the number of mapped GiB in eax.
map_high_memory:
        push    rbx
        mov     eax, LEAF_FEATURES
        cpuid
        pop     rbx
        mov     eax, EARLY_GIB
        test    edx, FEATURE_GIB
        jz      .end
        lea     r8, [rel early_pdpt]
.entry: mov     edx, eax
        shl     rdx, GIB_BITS
        or      rdx, LARGE + PRESENT_WRITE
        mov     [r8 + rax * 8], rdx
        inc     eax
        cmp     eax, MOST_GIB
        jb      .entry
.end:   ret

; Maps the image at rbx to the address that it is linked for, with entries of early_pdpt. Changes rax and rcx.
tsvm_map_image:
        lea     rax, [rel early_image + PRESENT_WRITE]
        mov     [rel early_pdpt + MOST_GIB * 8], rax
        lea     rax, [rel early_pages + PRESENT_WRITE]
        mov     [rel early_image], rax
        lea     r8, [rel early_pages]
        lea     rax, [rbx + PRESENT_WRITE]
        xor     ecx, ecx
.page:  mov     [r8 + rcx * 8], rax
        add     rax, PAGE
        inc     ecx
        cmp     ecx, image_pages
        jb      .page
        ret

refuse_processor: db "tsvm: this processor has no 64-bit mode with no-execute pages, so tsvm cannot run", 13, 10, 0
refuse_damage:  db      "tsvm: the image is damaged", 13, 10, 0
refuse_levels:  db      "tsvm: five-level paging is on, and the image lies above 4 GiB, so it cannot be ended: "
                db      "start Linux with no5lvl before", 13, 10, 0
refuse_place:   db      "tsvm: the boot loader put the image where this processor cannot map it: too high up", 13, 10, 0
align 8
; The first three descriptors are the same in kernel/x86/descriptors.ts, so selectors stay valid there.
early_gdt:
        dq      0
early_code:
        dq      0x00209b0000000000      ; code, present, 64-bit, accessed (SDM 3A 3.4.5)
early_data:
        dq      0x0000930000000000      ; data, present, writable, accessed
flat_code:
        dq      0x00cf9b000000ffff      ; code and data of 32 bits up to 4 GiB
flat_data:
        dq      0x00cf93000000ffff
EARLY_GDT_LIMIT equ $ - early_gdt - 1

section .bss align=4096
early_pml4:     resb PAGE
early_pdpt:     resb PAGE
early_image:    resb PAGE
early_pages:    resb PAGE
early_memory:   resb PAGE * EARLY_GIB
image_physical: resq 1
