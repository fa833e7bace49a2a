; A kernel that sends INIT, SIPI and NMI to the other processors from every source, at random, while they start, run and
; wait. Its command line is described at read_command_line (watcher.inc). The letters:
;   h  the other processors halt when they have started
;   a  they attack each other too
; It prints its progress every 1,000 attempts, and at the end:
;   storm: NAME = 0xVALUE
; It ends in a triple fault. `ESCAPED` is the number of the attempt in which a processor read the hypervisor's memory. SMIs it raises
; by the port of the chipset only, which interrupts the BSP: the firmware leaves the other processors' system management memory where
; the guest's is. INITs it does not have the I/O APIC or the HPET send: a processor is lost if INITs cannot be redirected.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"
%include "random.inc"
%include "watcher.inc"
%include "ioApic.inc"
%include "hpet.inc"

%define TELL_EVERY   1000
%define DEASSERT     0x8500
%define LOGICAL      0x800
%define LOGICAL_ID   0xd0
%define FORMAT       0xe0
%define PRIORITY     0x80
%define LINT1        0x360
%define SELF         0x40000
%define APM_CONTROL  0xb2               ; a write raises an SMI where the firmware has set up the chipset so (ICH9 datasheet, 13.7.1)

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        call    read_command_line
        call    prepare_watchers
        lea     rax, [count_nmi]
        mov     [gates + 2 * 16], ax
        shr     rax, 16
        mov     [gates + 2 * 16 + 6], ax
        cmp     byte [kind], 'a'
        jne     .halt
        mov     eax, [others]
        mov     [abs PLAYS], eax
.halt:  call    enter_high_half
        xor     ebp, ebp
.next:  cmp     rbp, [attempts]
        jae     .over
        inc     rbp
        mov     ecx, ACTIONS
        call    random_below
        shl     qword [last_actions], 8
        mov     [last_actions], al
        lea     rcx, [actions]
        movsxd  rax, dword [rcx + rax * 4]
        add     rax, rcx
        call    rax
        call    delay
        call    compare_seen
        jne     .escaped
        mov     rax, rbp
        xor     edx, edx
        mov     ecx, TELL_EVERY
        div     rcx
        test    edx, edx
        jnz     .next
        mov     rax, rbp
        show    "attempts"
        jmp     .next
.escaped:
        mov     rax, rbp
        show    "ESCAPED"
        mov     eax, [abs SEEN]
        show    "it read"
        mov     rax, [last_actions]
        show    "last actions"
.over:  mov     rax, rbp
        show    "attempts in all"
        mov     eax, [abs STARTS]
        show    "starts"
        mov     eax, [abs NMIS]
        show    "NMIs"
        mov     rax, [own_nmis]
        show    "NMIs of the first"
        mov     eax, [by_hpet_count]
        show    "interrupts of the HPET"
        call    count_answers
        show    "processors that still start"
        call    wait_for_print
        out     EXIT_PORT, al
        lidt    [nothing]
        ud2

; ecx: a random other processor
any:    mov     ecx, [others]
        call    random_below
        lea     ecx, [rax + 1]
        ret

send_init:
        call    any
        mov     eax, INIT
        jmp     send
send_start:
        call    any
        jmp     send_sipi
; Sends INIT and SIPI without a pause between them.
send_both:
        call    any
        push    rcx
        mov     eax, INIT
        call    send
        pop     rcx
        jmp     send_sipi
; Sends INIT and SIPI, then a second INIT or SIPI.
send_more:
        call    send_both
        call    delay
        call    random
        bt      eax, 7
        jc      send_init
        jmp     send_start
send_deassert:
        call    any
        mov     eax, DEASSERT
        jmp     send
send_nmi:
        call    any
        mov     eax, NMI
        jmp     send
init_others:
        xor     ecx, ecx
        mov     eax, OTHERS | INIT
        jmp     send
start_others:
        xor     ecx, ecx
        mov     eax, OTHERS | SIPI
        jmp     send
nmi_others:
        xor     ecx, ecx
        mov     eax, OTHERS | NMI
        jmp     send
nmi_self:
        xor     ecx, ecx
        mov     eax, SELF | NMI
        jmp     send
; To logical destinations without the BSP
init_logical:
        call    logical
        mov     eax, LOGICAL | INIT
        jmp     send
start_logical:
        call    logical
        mov     eax, LOGICAL | SIPI
        jmp     send
nmi_logical:
        call    logical
        mov     eax, LOGICAL | NMI
        jmp     send
logical:
        call    random
        movzx   ecx, ah
        and     ecx, 0xfe
        ret
; From the I/O APIC
nmi_of_io_apic:
        call    any
        mov     eax, AS_NMI
        jmp     fire_to
ext_int_of_io_apic:
        call    any
        mov     eax, AS_EXTINT
        jmp     fire_to
fixed_of_io_apic:
        call    any
        mov     eax, 0x40
fire_to:
        call    arm_io_apic
        jmp     fire_io_apic
; As a device's interrupt message: a write to the address range of messages
message:
        call    any
        shl     ecx, 12
        mov     edi, APIC
        or      edi, ecx
        mov     ecx, MESSAGE_KINDS
        call    random_below
        lea     rcx, [message_kinds]
        mov     eax, [rcx + rax * 4]
        mov     [rdi], eax
        ret
; From the HPET, while another interrupt of it may be on its way
by_hpet:
        call    has_hpet
        jz      .end
        call    any
        push    rcx
        mov     ecx, HPET_KINDS
        call    random_below
        lea     rcx, [message_kinds]
        mov     eax, [rcx + rax * 4]
        pop     rcx
        inc     dword [by_hpet_count]
        jmp     fire_hpet
.end:   ret
; An SMI, of a value that is no command for the firmware
smi:    xor     eax, eax
        out     APM_CONTROL, al
        ret
; Changes a register of its own local APIC.
change_apic:
        mov     ecx, APIC_REGISTERS
        call    random_below
        lea     rcx, [apic_registers]
        mov     edi, [rcx + rax * 8]
        mov     eax, [rcx + rax * 8 + 4]
        mov     [rdi], eax
        ret
; Starts a processor, which must look if it answers.
expect_start:
        call    any
        push    rcx
        mov     dword [abs LOOKS + rcx * 4], 0
        mov     eax, INIT
        call    send
        call    delay
        pop     rcx
        jmp     start_and_look

; rax: how many of the other processors start when nothing disturbs them
count_answers:
        mov     dword [abs PLAYS], 0
        xor     ecx, ecx
        mov     eax, OTHERS | INIT
        call    send
        xor     ecx, ecx
        call    wait_for_look           ; of no processor: just waits
        xor     r13d, r13d
        mov     r12d, 1
.next:  mov     ecx, r12d
        mov     dword [abs LOOKS + rcx * 4], 0
        call    start_and_look
        je      .not
        inc     r13d
.not:   inc     r12d
        cmp     r12d, [others]
        jbe     .next
        mov     eax, r13d
        ret

count_nmi:
        inc     qword [own_nmis]
        iretq

        align   4
actions:
%macro action 2
  %rep %2
        dd      %1 - actions
  %endrep
%endmacro
        action  send_init, 3
        action  send_start, 3
        action  send_both, 4
        action  send_more, 4
        action  send_deassert, 1
        action  send_nmi, 3
        action  init_others, 1
        action  start_others, 2
        action  nmi_others, 1
        action  nmi_self, 1
        action  init_logical, 1
        action  start_logical, 1
        action  nmi_logical, 1
        action  nmi_of_io_apic, 3
        action  ext_int_of_io_apic, 1
        action  fixed_of_io_apic, 1
        action  message, 3
        action  by_hpet, 3
        action  smi, 2
        action  change_apic, 2
        action  expect_start, 4
ACTIONS equ ($ - actions) / 4
message_kinds: dd 0x40, NMI & 0x7ff, 0x140, SIPI, INIT
HPET_KINDS    equ 4                     ; all but the INIT, which tsvm refuses as a message of the guest's own
MESSAGE_KINDS equ ($ - message_kinds) / 4
apic_registers:
        dd      APIC + LOGICAL_ID, 1 << 24
        dd      APIC + FORMAT, -1
        dd      APIC + PRIORITY, 0x20
        dd      APIC + PRIORITY, 0
        dd      APIC + SPURIOUS, 0xff   ; off
        dd      APIC + SPURIOUS, 0x1ff
        dd      APIC + LINT1, AS_NMI
        dd      APIC + LINT1, 0x10000 | AS_INIT
APIC_REGISTERS equ ($ - apic_registers) / 8

prefix:   db "storm: ", 0
nothing:  dw 0
          dq 0
          align 8
own_nmis: dq 0
by_hpet_count: dd 0, 0
last_actions: dq 0                      ; a byte each, the last one lowest: indices in `actions`

        align   16
protected_end:

%include "memory.inc"
