; The parking guest, which a processor runs while it waits for a SIPI, and to take an NMI by which another processor calls it.
; kernel/svm/reset/parkingGuest.ts copies this code to the page at guest-physical address 0. It changes no general register
; except SP, which is in the VMCB.

global tsvm_parking

CODE_BYTES      equ 0x40                ; kernel/svm/reset/parkingGuest.ts has the same
NMI_VECTOR      equ 2

section .text
align 16
bits 16
tsvm_parking:
times NMI_VECTOR * 4 - ($ - tsvm_parking) db 0
        dw      nmi - tsvm_parking, 0   ; the only vector: exceptions are intercepted, and IF is 0

times 0x10 - ($ - tsvm_parking) db 0
; Each VM entry starts here. The IRET unmasks NMIs, which may be masked by the guest's handler (APM 2, 8.2.3).
        pushf
        push    cs
        push    word halted - tsvm_parking
        iret
halted: hlt
        jmp     halted

; After an NMI it always goes on at the VMMCALL, so that an NMI between the last check and HLT is not missed.
nmi:    add     sp, 6
        pushf
        push    cs
        push    word called - tsvm_parking
        iret
called: vmmcall
times CODE_BYTES - ($ - tsvm_parking) int3
