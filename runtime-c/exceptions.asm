; Exception handlers, and accesses to MSRs and XCRs, and a hypercall, that survive an exception.

extern tsvm_exception, tsvm_machine_check, tsvm_nmi, tsvm_security
global tsvm_exception_stubs, tsvm_try_rdmsr, tsvm_try_wrmsr, tsvm_try_xsetbv, tsvm_try_hypercall

DEBUG              equ 1
NMI                equ 2
INVALID_OPCODE     equ 6
GENERAL_PROTECTION equ 13
MACHINE_CHECK      equ 18
SECURITY           equ 30

; "tsvm" in RAX with 0 in RCX asks for the version (docs/hypercall.md).
HYPERCALL_MAGIC    equ 0x6d767374

; Vectors for which the processor pushes an error code (APM 2, 8.2): 8, 10 to 14, 17, 21, 29, 30.
HAS_ERROR_CODE  equ 0x60227d00

; Calls %1 with the error code. It returns whether the interrupted code may go on.
%macro survive 1
        push    rax
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    r8
        push    r9
        push    r10
        push    r11
        mov     rdi, [rsp + 80]
        cld
        call    %1
        test    al, al
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rax
        jz      .report
        add     rsp, 16
        iretq
%endmacro

section .text
align 16
tsvm_exception_stubs:
%assign vector 0
%rep 32
        align   16
  %if ((HAS_ERROR_CODE >> vector) & 1) == 0
        push    0
  %endif
        push    vector
        jmp     near exception
  %assign vector vector + 1
%endrep

; On the stack: vector, error code, rip, cs, rflags, rsp, ss.
exception:
        cmp     qword [rsp], NMI
        je      .nmi
        cmp     qword [rsp], MACHINE_CHECK
        je      .machine_check
        cmp     qword [rsp], DEBUG
        je      .stray
        cmp     qword [rsp], INVALID_OPCODE
        je      .invalid_opcode
        cmp     qword [rsp], SECURITY
        je      .security
        cmp     qword [rsp], GENERAL_PROTECTION
        jne     .report
        cmp     qword [rsp + 16], try_rdmsr_may_fault
        je      .recover
        cmp     qword [rsp + 16], try_wrmsr_may_fault
        je      .recover
        cmp     qword [rsp + 16], try_xsetbv_may_fault
        jne     .report
        jmp     .recover
.invalid_opcode:
        cmp     qword [rsp + 16], try_vmmcall_may_fault
        je      .recover_hypercall
        cmp     qword [rsp + 16], try_vmcall_may_fault
        jne     .report
; The hypercall keeps RBX on the stack.
.recover_hypercall:
        mov     rsp, [rsp + 40]
        pop     rbx
        jmp     try_failed
; Returns without IRET: under AMD-V an IRET would unmask NMIs while the guest still handles one.
.recover:
        mov     rsp, [rsp + 40]
        jmp     try_failed
; A #DB: the hypervisor does not single-step, but in Bochs 2.7 a guest's single step before an exit is delivered here.
.stray: add     rsp, 16
        iretq
.nmi:   survive tsvm_nmi
.machine_check:
        survive tsvm_machine_check
.security:
        survive tsvm_security
.report:
        push    r15
        push    r14
        push    r13
        push    r12
        push    r11
        push    r10
        push    r9
        push    r8
        push    rdi
        push    rsi
        push    rbp
        push    rbx
        push    rdx
        push    rcx
        push    rax
        cld
        mov     rdi, rsp
        call    tsvm_exception          ; does not return

; bool tsvm_try_rdmsr(uint32_t msr, uint64_t *value): true if the processor raised #GP.
tsvm_try_rdmsr:
        mov     ecx, edi
try_rdmsr_may_fault:
        rdmsr
        shl     rdx, 32
        or      rax, rdx
        mov     [rsi], rax
        xor     eax, eax
        ret

; bool tsvm_try_wrmsr(uint32_t msr, uint64_t value): true if the processor raised #GP.
tsvm_try_wrmsr:
        mov     ecx, edi
        mov     eax, esi
        mov     rdx, rsi
        shr     rdx, 32
try_wrmsr_may_fault:
        wrmsr
        xor     eax, eax
        ret

; bool tsvm_try_xsetbv(uint32_t control, uint64_t value): true if the processor raised #GP.
tsvm_try_xsetbv:
        mov     ecx, edi
        mov     eax, esi
        mov     rdx, rsi
        shr     rdx, 32
try_xsetbv_may_fault:
        xsetbv
        xor     eax, eax
        ret

; bool tsvm_try_hypercall(bool is_amd, uint64_t *status): true if the processor raised #UD.
tsvm_try_hypercall:
        push    rbx
        mov     r8, rsi
        mov     r9d, edi
        mov     eax, HYPERCALL_MAGIC
        xor     ecx, ecx
        test    r9b, r9b
        jz      try_vmcall_may_fault
try_vmmcall_may_fault:
        vmmcall
        jmp     hypercall_answered
try_vmcall_may_fault:
        vmcall
hypercall_answered:
        mov     [r8], rax
        pop     rbx
        xor     eax, eax
        ret

try_failed:
        mov     eax, 1
        ret
