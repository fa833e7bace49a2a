; A kernel that takes exceptions and interrupts on stacks in hidden memory, each in a page that it has not used before. The
; delivery causes a VM exit and has to be repeated. On the bare machine the stacks are in ordinary memory. It prints:
;   deliveries: NAME = 0xVECTOR | deliveries:   code = 0xVALUE
; It ends in a triple fault.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define HYPERCALL    0x6d767374
%define MEMORY_KEPT  3
%define AUTH         0x68747541         ; of AuthenticAMD
%define FREE_MEMORY  0x4000000          ; the machine has more memory than this
%define FIRST_PAGE   0x10000
%define ABSENT       0xffc00000         ; 2 MiB that the page tables do not map
%define APIC         0xfee00000
%define PICS         0x21
%define EOI          0xb0
%define SPURIOUS     0xf0
%define COMMAND      0x300
%define DESTINATION  0x310
%define SELF         0x40000
%define NMI          0x4400
%define HIDDEN_MSR   0x40000000
%define SOFTWARE     0x30
%define GATES        256
%define A_WHILE      100000

; deliver NAME, INSTRUCTION...: with a new stack
%macro deliver 2-*
%push delivery
        mov     qword [vector], -1
        mov     qword [code], 0
        mov     [home], rsp
        lea     rax, [%$done]
        mov     [resume], rax
        add     r15, 0x1000
        mov     rsp, r15
        mov     edi, APIC
        jmp     %$start
%$name: db      %1, 0
%$start:
  %rep %0 - 1
    %rotate 1
        %1
  %endrep
        mov     ecx, A_WHILE
%$wait: pause
        dec     ecx
        jnz     %$wait
        mov     rsp, [home]
%$done: cli
        lea     rsi, [%$name]
        mov     rax, [vector]
        call    print_value
        mov     rax, [code]
        show    "  code"
%pop
%endmacro

        lea     rsp, [stack_top]
        set_up_serial
        mov     al, 0xff                ; no interrupts but those of the local APIC
        out     PICS, al
        out     PICS + 0x80, al
        call    make_tables
        mov     qword [directories + ABSENT / 0x200000 * 8], 0
        mov     rax, cr3
        mov     cr3, rax
        call    find_stacks
        call    make_gates
        mov     edi, APIC
        mov     dword [rdi + SPURIOUS], 0x1ff

        deliver "#GP with a selector", {mov eax, 0xfff8}, {mov ds, eax}
        deliver "#GP with a selector of the local table", {mov eax, 0x8004}, {mov es, eax}
        deliver "#GP of WRMSR", {mov ecx, HIDDEN_MSR}, {mov edx, 1}, {xor eax, eax}, wrmsr
        deliver "#PF", {mov eax, ABSENT}, {mov rax, [rax]}
        deliver "#UD", ud2
        deliver "INT", int SOFTWARE
        deliver "INT3", int3
        deliver "INT1", int1
        deliver "interrupt 31h", {mov dword [rdi + COMMAND], SELF | 0x31}, sti
        deliver "interrupt 1Fh", {mov dword [rdi + COMMAND], SELF | 0x1f}, sti
        deliver "interrupt 14h", {mov dword [rdi + COMMAND], SELF | 0x14}, sti
        deliver "NMI", {mov dword [rdi + DESTINATION], 0}, {mov dword [rdi + COMMAND], NMI}
        deliver "NMI again", {mov dword [rdi + DESTINATION], 0}, {mov dword [rdi + COMMAND], NMI}
        lea     rsi, [text_end]
        call    print_name
        call    wait_for_print
        lidt    [nothing]
        ud2

; r15: address of the stacks; in hidden memory if there is a hypervisor
find_stacks:
        lea     rax, [.bare]
        mov     [resume], rax
        mov     r12, rsp
        xor     eax, eax
        cpuid
        mov     esi, ebx
        mov     eax, HYPERCALL
        mov     ecx, MEMORY_KEPT
        cmp     esi, AUTH
        je      .amd
        vmcall
        jmp     .hidden
.amd:   vmmcall
.hidden: lea    r15, [rbx + FIRST_PAGE]
        mov     eax, 1
        show    "hidden"
        ret
.bare:  mov     rsp, r12
        mov     r15d, FREE_MEMORY
        ret

make_gates:
        lea     rdi, [all_gates]
        lea     rax, [all_stubs]
        mov     ecx, GATES
.gate:  mov     [rdi], ax
        mov     word [rdi + 2], cs
        mov     word [rdi + 4], 0x8e00
        mov     rdx, rax
        shr     rdx, 16
        mov     [rdi + 6], dx
        shr     rdx, 16
        mov     [rdi + 8], rdx
        add     rdi, 16
        add     rax, all_stub_bytes
        dec     ecx
        jnz     .gate
        lea     rax, [all_gates]
        mov     [all_gates_register + 2], rax
        lidt    [all_gates_register]
        ret

        align   16
all_stubs:
%assign number 0
%rep GATES
        align   16
  %if number > 31 || (HAS_ERROR >> number) & 1 = 0
        push    0
  %endif
        push    number
        jmp     near delivered
  %assign number number + 1
%endrep
        align   16
all_stub_bytes equ ($ - all_stubs) / GATES

; Ends the delivery: goes on where the macro says, with the old stack. The IRET unmasks NMIs.
delivered:
        pop     qword [vector]
        pop     qword [code]
        mov     rsp, [home]
        mov     edi, APIC
        cmp     qword [vector], 0x10
        jb      .return
        cmp     qword [vector], SOFTWARE
        je      .return
        mov     dword [rdi + EOI], 0
.return: mov    rcx, rsp
        mov     eax, ss
        push    rax
        push    rcx
        push    2
        mov     eax, cs
        push    rax
        push    qword [resume]
        iretq

prefix:  db "deliveries: ", 0
text_end: db "end", 10, 0
code:    dq 0
home:    dq 0
nothing: dw 0
         dq 0
all_gates_register: dw GATES * 16 - 1
         dq 0
        align   16
protected_end:

%include "memory.inc"
all_gates:   resb 4096
