; A kernel that tries what the processor itself must refuse, and what a hypervisor may easily get wrong. It runs on AMD-V, on
; Intel VT-x and on the bare machine, and prints one line for each attempt:
;   limits: NAME done | limits: NAME #UD | ... | limits: NAME = 0xVALUE
; It ends in a triple fault.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"

%define FEATURE_CONTROL 0x3a
%define APIC_BASE       0x1b
%define LSTAR           0xc0000082
%define CR0_NE          5
%define CR0_WP          16
%define CR0_NW          29
%define CR0_CD          30
%define CR0_PG          31
%define CR4_PAE         5
%define CR4_VMXE        13
%define CR4_SMXE        14
%define CR4_OSXSAVE     18
%define OSXSAVE         27
%define AUTH            0x68747541      ; of AuthenticAMD
%define START_CR0       0x80010031      ; PE, ET, NE, WP, PG
%define START_CR4       0x20            ; PAE
%define STORM           1000
%define CR0_AM          18
%define USER            4               ; of a page
%define USER_DATA       0x23
%define USER_CODE       0x2b
%define TASK            0x30
%define HOME            31              ; the vector by which ring 3 returns to ring 0
%define HYPERCALL       0x6d767374
%define MEMORY_KEPT     3

; try NAME, INSTRUCTION
%macro try 2+
        begin   %1
        %2
        finish
%endmacro
; on_page NAME, INSTRUCTION that takes a page's address in RAX
%macro on_page 2
        begin   %1
        mov     eax, PREFERRED
        %2
        finish
%endmacro
; read_msr NUMBER
%macro read_msr 1
  %defstr number %1
        begin   {"RDMSR ", number}
        mov     ecx, %1
        rdmsr
        finish
%endmacro
; write_msr NUMBER, HIGH, LOW
%macro write_msr 3
  %defstr parameters %1 %2 %3
        begin   {"WRMSR ", parameters}
        mov     ecx, %1
        mov     edx, %2
        mov     eax, %3
        wrmsr
        finish
%endmacro
; write_xcr NUMBER, HIGH, LOW
%macro write_xcr 3
  %defstr parameters %1 %2 %3
        begin   {"XSETBV ", parameters}
        mov     ecx, %1
        mov     edx, %2
        mov     eax, %3
        xsetbv
        finish
%endmacro
; change REGISTER, OPERATION, BIT: reads the register back, then restores it
%macro change 3
  %defstr parameters %2 %1 %3
  %defstr register %1
        mov     r12, %1
        begin   parameters
        mov     rax, r12
        %2      rax, %3
        mov     %1, rax
        finish
        mov     rax, %1
        show    register
        mov     %1, r12
%endmacro

        lea     rsp, [stack_top]
        set_up_serial
        mov     eax, START_CR0          ; whatever the loader left there
        mov     cr0, rax
        mov     eax, START_CR4
        mov     cr4, rax
        call    make_tables
        call    vendor_instructions
        call    control_registers
        call    extended_states
        call    controlled_instructions
        call    model_specific_registers
        call    apic_base
        call    caches
        call    debug_exceptions
        call    nested_debug_exceptions
        call    prepare_user
        call    alignment_checks
        call    user_attempts
        call    hidden_memory
        call    apic_modes
        call    wait_for_print
        lidt    [nothing]
        ud2

vendor_instructions:
        try     "VMXON", vmxon [operand]
        try     "VMXOFF", vmxoff
        try     "VMCLEAR", vmclear [operand]
        try     "VMPTRLD", vmptrld [operand]
        try     "VMPTRST", vmptrst [operand]
        try     "VMREAD", vmread rax, rcx
        try     "VMWRITE", vmwrite rax, rcx
        try     "VMLAUNCH", vmlaunch
        try     "VMRESUME", vmresume
        try     "VMCALL", vmcall
        try     "VMFUNC", vmfunc
        try     "INVEPT", invept rax, [operand]
        try     "INVVPID", invvpid rax, [operand]
        try     "GETSEC", getsec
        on_page "VMRUN", vmrun
        on_page "VMLOAD", vmload
        on_page "VMSAVE", vmsave
        try     "STGI", stgi
        try     "CLGI", clgi
        try     "INVLPGA", invlpga
        try     "VMMCALL", vmmcall
        ret

; Some attempts are made on Intel's processors only: for a reserved bit of CR4, QEMU exits from an AMD guest as if its VMCB were
; invalid, and it allows clearing PG and PAE in 64-bit mode, where processors raise #GP.
control_registers:
        change  cr0, btr, CR0_NE
        change  cr0, bts, CR0_WP
        change  cr0, bts, CR0_CD
        begin   "LMSW"
        smsw    ax
        lmsw    ax
        finish
        begin   "CLTS"
        clts
        finish
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        je      .end
        change  cr0, bts, CR0_NW
        change  cr0, btr, CR0_PG
        change  cr4, bts, CR4_VMXE
        change  cr4, bts, CR4_SMXE
        change  cr4, btr, CR4_PAE
        change  cr4, bts, 31
        call    cr4_bits
.end:   ret

; Finds the bits that can be toggled. The guest has no VMXE; PAE was tried before.
cr4_bits:
        mov     r12, cr4
        xor     r13d, r13d
        xor     ebp, ebp
.next:  mov     rax, ~((1 << CR4_VMXE) | (1 << CR4_PAE))
        bt      rax, rbp
        jnc     .skip
        begin   "toggle a bit of CR4"
        mov     rax, r12
        btc     rax, rbp
        mov     cr4, rax
        bts     r13, rbp
        quiet
        mov     cr4, r12
.skip:  inc     ebp
        cmp     ebp, 64
        jb      .next
        mov     rax, r13
        show    "CR4 bits that can be toggled"
        ret

caches:
        try     "INVD", invd
        try     "WBINVD", wbinvd
        ret

debug_exceptions:
        begin   "INT1"
        int1
        finish
        mov     r12d, STORM
.storm: lea     rax, [.back]
        mov     [resume], rax
        int1
.back:  dec     r12d
        jnz     .storm
        mov     rax, r12
        show    "INT1 left after a storm"
        begin   "single step"
        pushf
        or      qword [rsp], 0x100
        popf
        nop
        finish
        begin   "single step over CPUID"
        xor     eax, eax
        pushf
        or      qword [rsp], 0x100
        popf
        cpuid
        finish
        xor     eax, eax
        mov     dr6, rax
        begin   "DR7.GD"
        mov     eax, 0x2400
        mov     dr7, rax
        mov     rax, dr0
        finish
        mov     rax, dr6
        show    "DR6"
        mov     rax, dr7
        show    "DR7"
        begin   "reserved bit of DR7"
        mov     rax, 0x100000400
        mov     dr7, rax
        finish
        ret

%include "extendedStates.inc"
%include "registers.inc"
%include "storms.inc"
%include "userMode.inc"

; Under tsvm only: tries to move the local APIC to hidden memory, which must be refused.
hidden_memory:
        lea     rax, [.end]
        mov     [resume], rax
        mov     eax, HYPERCALL
        mov     ecx, MEMORY_KEPT
        mov     r12, rsp
        vmcall
        mov     rsi, rbx
        begin   "lay the APIC over hidden memory"
        mov     ecx, APIC_BASE
        rdmsr
        and     eax, 0xfff
        or      eax, esi
        wrmsr
        finish
        mov     ecx, APIC_BASE
        rdmsr
        show    "APIC_BASE after that"
.end:   mov     rsp, r12
        ret

prefix:  db "limits: ", 0
        align   16
operand: dq 0, 0
nothing: dw 0
         dq 0
        align   16
protected_end:

%include "memory.inc"
