; A kernel that returns to real mode and raises exceptions there, above all those that a hypervisor injects. Exceptions in real
; mode push no error code: for each the program prints the number of bytes that it found on the stack.
;   real: NAME done | real: NAME = 0xVECTOR | real:   bytes = 0xVALUE | real:   ip = 0xVALUE | real:   flags = 0xVALUE
; It ends in a triple fault.

%include "bzimage.inc"

%define EFER            0xc0000080
%define APIC_BASE       0x1b
%define FEATURE_CONTROL 0x3a
%define PLACE           0x8000          ; the code for real mode is copied here
%define SEGMENT         (PLACE >> 4)
%define STACK           0x7000          ; in that segment
%define CODE_16         0x08
%define DATA_16         0x10
%define CR0_ET          1 << 4
%define CR0_NE          1 << 5
%define CR0_NW          1 << 29
%define CR0_PG          1 << 31
%define CR4_VMXE        1 << 13
%define CR4_OSXSAVE     1 << 18
%define HAS_XSAVE       26
%define TRAP            0x100
%define AUTH            0x68747541      ; of AuthenticAMD

; place LABEL: its offset in that segment
%define place(label) (label - real_start)

; try NAME, INSTRUCTION...: executes instructions, each of which may fault
%macro try 2-*
%push attempt
        mov     word [place(resume)], place(%$done)
        mov     word [place(vector)], -1
        mov     [place(top)], sp
        jmp     %$start
%$name: db      %1, 0
%$start:
  %rep %0 - 1
    %rotate 1
        %1
  %endrep
%$done: mov     si, place(%$name)
        call    print_outcome
%pop
%endmacro
; read_msr NUMBER
%macro read_msr 1
  %defstr number %1
        try     {"RDMSR ", number}, {mov ecx, %1}, rdmsr
%endmacro

; Entry, with the loader's stack.
        cli
        mov     dx, COM1 + 3
        mov     al, 3                   ; eight bits: no firmware or loader may have set the port up
        out     dx, al
        lea     rsi, [real_start]
        mov     edi, PLACE
        mov     ecx, real_end - real_start
        rep movsb
        lgdt    [segments_register]
        lea     rsp, [stack_top]
        push    CODE_16
        push    place(narrow)
        retfq

        align   8
segments:
        dq      0
        dq      0x00009a000000ffff + (PLACE << 16)
        dq      0x000092000000ffff + (PLACE << 16)
segments_register: dw 3 * 8 - 1
        dq      segments

bits 16
default abs
        align   16
real_start:
narrow: mov     ax, DATA_16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     sp, STACK
        mov     eax, cr0
        btr     eax, 31                 ; PG
        mov     cr0, eax
        mov     ecx, EFER
        xor     eax, eax
        xor     edx, edx
        wrmsr
        xor     eax, eax
        mov     cr4, eax
        mov     cr3, eax
        mov     eax, CR0_ET | CR0_NE
        mov     cr0, eax
        jmp     SEGMENT:place(real)

real:   mov     ax, SEGMENT
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, STACK
        xor     ax, ax
        mov     fs, ax
        lidt    [place(vectors)]
        xor     di, di
        mov     bx, place(stubs)
.vector: mov    [fs:di], bx
        mov     word [fs:di + 2], SEGMENT
        add     di, 4
        add     bx, stub_bytes
        cmp     di, 32 * 4
        jb      .vector

        call    vendor_instructions
        call    control_registers
        call    model_specific_registers
        call    extended_controls
        call    debug_exceptions
        mov     si, place(text_end)
        call    print_line
        mov     dx, COM1 + 5
.wait:  in      al, dx                  ; until all output is sent
        test    al, 0x40
        jz      .wait
        lidt    [place(nothing)]
        int3

vendor_instructions:
        try     "CPUID", {xor eax, eax}, cpuid
        try     "INVD", invd
        try     "VMCALL", {xor eax, eax}, vmcall
        try     "VMMCALL", {xor eax, eax}, vmmcall
        try     "VMXON", {vmxon [place(operand)]}
        try     "VMXOFF", vmxoff
        try     "VMLAUNCH", vmlaunch
        try     "VMREAD", {vmread eax, ecx}
        try     "VMFUNC", vmfunc
        try     "GETSEC", {xor eax, eax}, getsec
        try     "CLGI", clgi
        try     "UD2", ud2
        ret

; A MOV that would change a bit owned by the hypervisor causes a VM exit. For the others the processor raises #GP itself.
control_registers:
        try     "NE clear and set", {mov eax, CR0_ET}, {mov cr0, eax}
        try     "NW without CD", {mov eax, CR0_ET | CR0_NE | CR0_NW}, {mov cr0, eax}
        try     "NW without CD, NE changes", {mov eax, CR0_ET | CR0_NW}, {mov cr0, eax}
        mov     eax, CR0_ET | CR0_NE
        mov     cr0, eax                ; QEMU has accepted NW
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        je      .cr4                    ; in Bochs an AMD guest may set that (APM 2, 15.19: only VMRUN may)
        try     "PG without PE", {mov eax, CR0_ET | CR0_NE | CR0_PG}, {mov cr0, eax}
        try     "PG without PE, NE changes", {mov eax, CR0_ET | CR0_PG}, {mov cr0, eax}
        mov     eax, CR0_ET | CR0_NE
        mov     cr0, eax
.cr4:   mov     eax, 1
        cpuid
        bt      ecx, 31                 ; for a reserved bit QEMU 7.2 makes an SVM exit even if no guest runs, and hangs
        jc      .done
        try     "bit 31 of CR4", {mov eax, 1 << 31}, {mov cr4, eax}
        try     "VMXE", {mov eax, CR4_VMXE}, {mov cr4, eax}
.done:  xor     eax, eax
        mov     cr4, eax
        ret

model_specific_registers:
        read_msr 0x40000000
        read_msr 0x400000ff
        read_msr 0x4b564d00
        read_msr 0x3f1                  ; PEBS
        read_msr 0x570                  ; Intel PT
        read_msr 0x600                  ; debug stores
        read_msr 0xdeadbeef
        read_msr EFER
        try     "WRMSR 0x40000000", {mov ecx, 0x40000000}, {xor eax, eax}, {xor edx, edx}, wrmsr
        try     "WRMSR 0x560", {mov ecx, 0x560}, {xor eax, eax}, {xor edx, edx}, wrmsr
        try     "WRMSR EFER, reserved", {mov ecx, EFER}, {mov eax, 2}, {xor edx, edx}, wrmsr
        try     "WRMSR APIC_BASE, reserved", {mov ecx, APIC_BASE}, rdmsr, {or al, 1}, wrmsr
        try     "WRMSR FEATURE_CONTROL", {mov ecx, FEATURE_CONTROL}, {xor eax, eax}, {xor edx, edx}, wrmsr
        ret

extended_controls:
        try     "XSETBV without OSXSAVE", {xor ecx, ecx}, {xor edx, edx}, {mov eax, 1}, xsetbv
        mov     eax, 1
        cpuid
        bt      ecx, HAS_XSAVE
        jnc     .end
        mov     eax, CR4_OSXSAVE
        mov     cr4, eax
        try     "XSETBV 0 0 1", {xor ecx, ecx}, {xor edx, edx}, {mov eax, 1}, xsetbv
        try     "XSETBV 0 0 0", {xor ecx, ecx}, {xor edx, edx}, {xor eax, eax}, xsetbv
        try     "XSETBV 5 0 1", {mov ecx, 5}, {xor edx, edx}, {mov eax, 1}, xsetbv
        xor     eax, eax
        mov     cr4, eax
.end:   ret

debug_exceptions:
        try     "INT1", int1
        try     "INT3", int3
        try     "single step", {push TRAP | 2}, popf, nop
        try     "single step over CPUID", {xor eax, eax}, {push TRAP | 2}, popf, cpuid
        try     "single step over RDMSR", {mov ecx, APIC_BASE}, {push TRAP | 2}, popf, rdmsr
        try     "a fault that is stepped", {mov ecx, 0x40000000}, {push TRAP | 2}, popf, rdmsr
        ret

; ---- exceptions

        align   8
stubs:
%assign number 0
%rep 32
        mov     word [cs:place(vector)], number
        jmp     near caught
        align   16
  %assign number number + 1
%endrep
stub_bytes equ ($ - stubs) / 32

; Ends the attempt: goes on where the macro says.
caught: mov     ax, SEGMENT
        mov     ds, ax
        mov     bp, sp
        mov     ax, [place(top)]
        sub     ax, bp
        mov     [place(bytes)], ax
        mov     ax, [bp]
        mov     [place(instruction)], ax
        mov     ax, [bp + 4]
        mov     [place(flags)], ax
        mov     sp, [place(top)]
        push    2
        popf
        xor     eax, eax
        mov     dr6, eax
        jmp     [place(resume)]

; ---- printing

; Prints the outcome of the attempt whose name is at si.
print_outcome:
        mov     sp, [place(top)]        ; the attempt may have left something on the stack
        sub     sp, 2                   ; the place of the call's return address
        cmp     word [place(vector)], -1
        je      .done
        mov     ax, [place(vector)]
        call    print_value
        mov     si, place(text_bytes)
        mov     ax, [place(bytes)]
        call    print_value
        mov     si, place(text_ip)
        mov     ax, [place(instruction)]
        call    print_value
        mov     si, place(text_flags)
        mov     ax, [place(flags)]
        and     ax, ~0x8d5              ; without the arithmetic flags
        jmp     print_value
.done:  call    print_name
        mov     si, place(text_done)
        jmp     print

; Prints ax as the value of the name at si.
print_value:
        push    ax
        call    print_name
        mov     si, place(text_equals)
        call    print
        pop     bx
        mov     cx, 16
.digit: sub     cx, 4
        mov     di, bx
        shr     di, cl
        and     di, 15
        mov     al, [di + place(digits)]
        call    print_character
        jcxz    .end
        jmp     .digit
.end:   mov     si, place(text_line)
        jmp     print

print_line:
        call    print_name
        mov     si, place(text_line)
        jmp     print

print_name:
        push    si
        mov     si, place(prefix)
        call    print
        pop     si
print:  lodsb
        test    al, al
        jz      .end
        call    print_character
        jmp     print
.end:   ret

print_character:
        push    ax
        mov     dx, COM1 + 5
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        pop     ax
        mov     dx, COM1
        out     dx, al
        ret

prefix:      db "real: ", 0
text_end:    db "end", 0
text_done:   db " done", 10, 0
text_bytes:  db "  bytes", 0
text_ip:     db "  ip", 0
text_flags:  db "  flags", 0
text_equals: db " = 0x", 0
text_line:   db 10, 0
digits:      db "0123456789abcdef"

        align   8
operand:     dq 0
vector:      dw 0
resume:      dw 0
top:         dw 0
bytes:       dw 0
instruction: dw 0
flags:       dw 0
vectors:     dw 32 * 4 - 1
             dd 0
nothing:     dw 0
             dd 0
real_end:

        align   16
protected_end:

section .bss nobits align=4096
        resb 4096
stack_top:
