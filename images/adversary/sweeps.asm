; A kernel that writes random values to the registers of interrupt controllers, while the other processors run and wait, get
; INITs and start. It runs on AMD-V, on VT-x and on the bare machine. Its command line is described at read_command_line
; (watcher.inc). The letters:
;   a  the page of the local APIC, by MOV, XCHG, AND, OR and XOR of 32 bits
;   w  the same page by other instructions and widths, at any address: for AMD-V that intercepts such writes
;   i  the I/O APIC
;   x  MSRs 800h to 8FFh, the local APIC's in x2APIC mode, which is switched on where the processor has it
; For each attempt it prints:
;   sweeps: HOW at REGISTER of VALUE = VECTOR READ
; with the exception's vector (ff: none) and what the register then reads. Then it prints `ESCAPED` and the counts like
; storms.asm, and ends in a triple fault. Values that would stop the machine itself are replaced: SMIs, an INIT for its own
; processor, INITs from the I/O APIC, by which a processor is lost, SIPIs to other addresses than LOW_PAGE, and destination
; formats that do not exist. On Intel's processors the others get one INIT only, before the attempts: Bochs never forgets an INIT
; that has left a guest of VT-x. After that they get NMIs.

%include "bzimage.inc"
%include "print.inc"
%include "attempts.inc"
%include "random.inc"
%include "watcher.inc"
%include "ioApic.inc"

%define INSTEAD      0x8000000          ; in place of hidden memory on the bare machine
%define LOOK_EVERY   8                  ; attempts
%define MODE         0x700              ; the delivery mode of a command or an entry
%define MODE_SMI     0x200
%define MODE_INIT    0x500
%define MODE_SIPI    0x600
%define INITIAL_COUNT 0x380
%define DESTINATION_FORMAT 0xe0
%define MODEL        0xf0000000         ; in that register
%define APIC_BASE    0x1b
%define X2APIC_MODE  0xc00              ; of APIC_BASE, with the APIC on
%define X2_SPURIOUS  0x80f
%define X2_COMMAND   0x830
%define LOWEST_LVT   0x2f0
%define HIGHEST_LVT  0x370
%define FIRST_ENTRY  0x10               ; of the I/O APIC's registers
%define ENTRY_WORDS  48                 ; of 24 inputs. Other registers are not writable in each emulator

        lea     rsp, [stack_top]
        set_up_serial
        mov     rbx, rsi
        call    make_tables
        call    read_command_line
        call    prepare_watchers
        cmp     qword [vector], -1
        je      .hidden
        mov     edi, INSTEAD
        mov     [abs HIDDEN], edi
        mov     ecx, 4096
        mov     al, 0xff
        rep stosb
.hidden:
        lea     rax, [pass_nmi]
        mov     [gates + 2 * 16], ax
        shr     rax, 16
        mov     [gates + 2 * 16 + 6], ax
        mov     rax, cr4
        bts     rax, 9                  ; OSFXSR
        mov     cr4, rax
        xor     eax, eax
        cpuid
        cmp     ebx, AUTH
        setne   [is_intel]
        call    choose_sweep
        mov     r15, rax
        cmp     byte [is_intel], 0
        je      .go
        call    start_each
.go:
        xor     ebp, ebp
.next:  cmp     rbp, [attempts]
        jae     .over
        inc     rbp
        call    r15
        call    delay
        test    ebp, LOOK_EVERY - 1
        jnz     .compare
        call    disturb
.compare:
        call    compare_seen
        je      .next
        mov     rax, rbp
        show    "ESCAPED"
        mov     eax, [abs SEEN]
        show    "it read"
.over:  mov     rax, rbp
        show    "attempts in all"
        call    count_answers
        show    "processors that still start"
        mov     eax, [abs STARTS]
        show    "starts"
        call    compare_seen
        je      .end
        mov     rax, rbp
        show    "ESCAPED"
.end:   call    wait_for_print
        out     EXIT_PORT, al
        lidt    [nothing]
        ud2

; rax: the routine for one attempt
choose_sweep:
        lea     rax, [sweep_page]
        cmp     byte [kind], 'a'
        je      .end
        lea     rax, [sweep_widths]
        cmp     byte [kind], 'w'
        je      .end
        cmp     byte [kind], 'i'
        jne     .msrs
        mov     eax, AS_NMI
        mov     ecx, 1
        call    arm_io_apic
        lea     rax, [sweep_io_apic]
.end:   ret
.msrs:  begin   "x2APIC mode"
        mov     ecx, APIC_BASE
        rdmsr
        or      eax, X2APIC_MODE
        wrmsr
        mov     byte [is_x2apic], 1
        finish
        lea     rax, [sweep_msrs]
        ret

; Has one of the other processors look, or sends one an INIT. With `w` all go on waiting, so that each write exits.
disturb:
        cmp     byte [kind], 'w'
        je      .end
        call    restore_apic
        mov     ecx, [others]
        call    random_below
        lea     ecx, [rax + 1]
        call    random
        mov     dword [abs LOOKS + rcx * 4], 0
        bt      eax, 9
        jnc     wake
        cmp     byte [is_intel], 0
        je      command_init
.end:   ret
command_init:
        mov     eax, INIT
; Sends the command eax to processor ecx. Preserves ecx.
command:
        push    rcx
        cmp     byte [is_x2apic], 0
        jne     .x2apic
        call    send
        pop     rcx
        ret
.x2apic:
        mov     edx, ecx
        mov     ecx, X2_COMMAND
        wrmsr
        pop     rcx
        ret

; Has processor ecx look, which waits for a SIPI, or runs on Intel's. Zero flag: it has not looked.
wake:   mov     eax, SIPI
        cmp     byte [is_intel], 0
        je      .send
        mov     eax, NMI
.send:  call    command
        jmp     wait_for_look

; Sets up the local APIC so that commands are sent.
restore_apic:
        mov     eax, 0x1ff
        cmp     byte [is_x2apic], 0
        jne     .x2apic
        mov     edi, APIC
        mov     [rdi + SPURIOUS], eax
        ret
.x2apic:
        push    rcx
        xor     edx, edx
        mov     ecx, X2_SPURIOUS
        wrmsr
        pop     rcx
        ret

; Starts each of the other processors.
start_each:
        mov     r12d, 1
.next:  mov     ecx, r12d
        call    command_init
        call    wait_for_look           ; which just waits
        mov     eax, SIPI
        call    command
        call    wait_for_look
        inc     r12d
        cmp     r12d, [others]
        jbe     .next
        ret

; rax: how many of the other processors look when nothing disturbs them
count_answers:
        call    restore_apic
        xor     r13d, r13d
        mov     r12d, 1
.next:  mov     ecx, r12d
        mov     dword [abs LOOKS + rcx * 4], 0
        cmp     byte [is_intel], 0
        jne     .wake
        call    command_init
        call    delay
.wake:  call    wake
        je      .not
        inc     r13d
.not:   inc     r12d
        cmp     r12d, [others]
        jbe     .next
        mov     eax, r13d
        ret

pass_nmi:
        nop                             ; IRET exits, and as the first instruction of a handler Bochs 2.7 would save the RIP before the NMI
        iretq

%include "sweepRegisters.inc"

prefix:   db "sweeps: ", 0
is_intel: db 0
is_x2apic: db 0
nothing:  dw 0
          dq 0

        align   16
protected_end:

%include "memory.inc"
