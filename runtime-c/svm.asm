; void tsvm_svm_run(uint64_t vcpu): the world switch (APM 2, 15.5), on the vcpu's stack. Does not return.

%include "layout.inc"
%include "registers.inc"

global tsvm_svm_run
extern tsvm_svm_exit, tsvm_svm_called

section .text
; In the hypervisor GIF is clear, so that interrupts, NMI, INIT and SMI stay pending. VMRUN sets it for the guest, an exit clears it.
tsvm_svm_run:
        mov     rsp, [rdi + Vcpu.stackTop]
        mov     rax, [rdi + Vcpu.svm + SvmVcpu.hostVmcb]
        vmsave
        push    rdi
.enter: mov     rax, [rdi + Vcpu.controlPage]
        mov     rcx, DIRECT
        mov     rdx, [KEPT(rax)]
        mov     [rax + rcx + Vmcb.rax], rdx
        each_register load
        mov     rdi, [KEPT(rdi)]
        vmload
        vmrun
        vmsave
        xchg    rdi, [rsp]
        each_register save
        pop     qword [KEPT(rdi)]
        push    rdi
        mov     rcx, DIRECT
        mov     rdx, [rax + rcx + Vmcb.rax]
        mov     [KEPT(rax)], rdx
        mov     rax, [rdi + Vcpu.svm + SvmVcpu.hostVmcb]
        vmload
        xor     ebp, ebp                ; ends the chain of frames
        call    tsvm_svm_exit
        mov     rdi, [rsp]
        cmp     dword [rdi + Vcpu.svm + SvmVcpu.call + Call.isPending], 0
        je      .enter
        call    tsvm_svm_called         ; another processor calls this one
        mov     rdi, [rsp]
        jmp     .enter
