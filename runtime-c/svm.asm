; void tsvm_svm_run(uint64_t vcpu): the world switch (APM 2, 15.5), on the vcpu's stack. Does not return.

%include "layout.inc"
%include "registers.inc"

global tsvm_svm_run
extern tsvm_svm_exit, tsvm_svm_called

; Offsets in Vcpu (kernel/vcpu/vcpu.ts) and in the VMCB (APM 2, table B-2).
VCPU_VMCB       equ 0x80
VCPU_HOST_SAVE  equ 0x3f0
VCPU_CALLED     equ 0x3f8
VMCB_RAX        equ 0x5f8

section .text
; In the hypervisor GIF is clear, so that interrupts, NMI, INIT and SMI stay pending. VMRUN sets it for the guest, an exit clears it.
tsvm_svm_run:
        mov     rsp, [rdi + VCPU_STACK_TOP]
        mov     rax, [rdi + VCPU_HOST_SAVE]
        vmsave
        push    rdi
.enter: mov     rax, [rdi + VCPU_VMCB]
        mov     rcx, DIRECT
        mov     rdx, [rdi + VCPU_RAX]
        mov     [rax + rcx + VMCB_RAX], rdx
        each_register load
        mov     rdi, [rdi + VCPU_RDI]
        vmload
        vmrun
        vmsave
        xchg    rdi, [rsp]
        each_register save
        pop     qword [rdi + VCPU_RDI]
        push    rdi
        mov     rcx, DIRECT
        mov     rdx, [rax + rcx + VMCB_RAX]
        mov     [rdi + VCPU_RAX], rdx
        mov     rax, [rdi + VCPU_HOST_SAVE]
        vmload
        xor     ebp, ebp                ; ends the chain of frames
        call    tsvm_svm_exit
        mov     rdi, [rsp]
        cmp     dword [rdi + VCPU_CALLED], 0
        je      .enter
        call    tsvm_svm_called         ; another processor calls this one
        mov     rdi, [rsp]
        jmp     .enter
