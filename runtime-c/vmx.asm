; void tsvm_vmx_run(uint64_t vcpu): the world switch (SDM 3C, chapters 26 and 27), on the vcpu's stack. Does not return.

%include "registers.inc"

global tsvm_vmx_run
extern tsvm_vmx_cpuid, tsvm_vmx_exit, tsvm_vmx_entry_refused

%define ANSWER(register) (rdi + Vcpu.vmx + VmxVcpu.cpuidAnswer + CpuidAnswer. %+ register)

; Fields of the VMCS (SDM 3D, appendix B).
EXIT_REASON     equ 0x4402
HOST_RSP        equ 0x6c14
HOST_RIP        equ 0x6c16

section .text
; At each exit the stack is as after the first push, with the vcpu's address on top.
tsvm_vmx_run:
        mov     rsp, [rdi + Vcpu.stackTop]
        push    rdi
        mov     eax, HOST_RSP
        vmwrite rax, rsp
        mov     eax, HOST_RIP
        mov     rcx, .exit
        vmwrite rax, rcx
        call    .load_all
        vmlaunch
        jmp     .refused

.exit:  push    rdi
        push    rsi
        mov     rdi, [rsp + 16]
        mov     esi, EXIT_REASON
        vmread  rsi, rsi
        cmp     esi, [rdi + Vcpu.vmx + VmxVcpu.quickReason]
        jne     .seldom
        inc     qword [rdi + Vcpu.counters + Counters.exits + rsi * 8]
        mov     esi, eax
        call    tsvm_vmx_cpuid          ; the only frequent exit takes the quick path; the handler keeps r8 to r11
        mov     rdi, [rsp + 16]
        mov     eax, [ANSWER(eax)]
        mov     ebx, [ANSWER(ebx)]
        mov     ecx, [ANSWER(ecx)]
        mov     edx, [ANSWER(edx)]
        pop     rsi
        pop     rdi
        vmresume
        jmp     .refused

.seldom:
        pop     qword [KEPT(rsi)]
        pop     qword [KEPT(rdi)]
        save    rax
        each_result save
        each_kept save
        xor     ebp, ebp                ; ends the chain of frames
        call    tsvm_vmx_exit
.resume:
        mov     rdi, [rsp]
        call    .load_all
        vmresume
.refused:
        mov     rdi, [rsp]
        xor     ebp, ebp
        call    tsvm_vmx_entry_refused  ; returns only after an exit that saved the registers
        jmp     .resume

.load_all:
        load    rax
        each_register load
        mov     rdi, [KEPT(rdi)]
        ret
