; The parking guest: what a processor runs while it waits for a SIPI, and to take an NMI that was sent to call it. The code
; of the page at guest-physical address 0, to which kernel/svm/reset/parkingGuest.ts copies it. It changes no general register
; but SP, which the VMCB has.

global tsvm_parking

CODE_BYTES      equ 0x40                ; kernel/svm/reset/parkingGuest.ts has it, too
NMI_VECTOR      equ 2

section .text
align 16
bits 16
tsvm_parking:
times NMI_VECTOR * 4 - ($ - tsvm_parking) db 0
        dw      nmi - tsvm_parking, 0   ; the only vector: exceptions are intercepted, and IF is 0

times 0x10 - ($ - tsvm_parking) db 0
; Each entry starts here. The IRET unmasks NMIs, which the guest's handler may have masked (APM 2, 8.2.3).
        pushf
        push    cs
        push    word halted - tsvm_parking
        iret
halted: hlt
        jmp     halted

; Goes on at the VMMCALL, wherever the NMI came: even one that comes between the last check and HLT is not slept through.
nmi:    add     sp, 6
        pushf
        push    cs
        push    word called - tsvm_parking
        iret
called: vmmcall
times CODE_BYTES - ($ - tsvm_parking) int3
