; A kernel that has events pending at the end of instructions that a hypervisor emulates: interrupts after STI and MOV SS,
; single steps, breakpoints and NMIs. For each it prints whether the instruction faulted, then the events in their order, each
; with its offset in the attempt's code:
;   shadows: NAME done | shadows: NAME #UD | shadows:   interrupt = 0xVALUE | shadows:   #DB = 0xVALUE | ...
; It ends in a triple fault.

%include "bzimage.inc"
        lea     rsp, [stack_top]
%include "print.inc"
%include "attempts.inc"
%include "shadowEvents.inc"

%define EFER          0xc0000080
%define CR0_NE        5
%define CR4_OSXSAVE   18
%define BREAK_OFF     0x400
%define BREAK_ON_CODE 0x405             ; DR0 and DR1
%define BREAK_ON_DATA 0x70401           ; DR0: two bytes, read or written

; way NAME ... end_way: makes the code between them an attempt
%macro way 1
        mov     dword [events], 0
        begin   {%1}
        lea     rax, [%$origin]
        mov     [origin], rax
%$origin:
%endmacro
%macro end_way 0
        nop
        nop
        nop
        nop
        finish
        cli
        mov     eax, BREAK_OFF
        mov     dr7, rax
        call    print_events
%endmacro
%macro step 0
        pushf
        or      qword [rsp], TRAP
        popf
%endmacro
; in_all_ways NAME, ROUTINE that prepares it, INSTRUCTION
%macro in_all_ways 3+
        way     {%1, " behind STI"}
        call    %2
        send    FIXED | VECTOR
        sti
        %3
        end_way
        way     {%1, " behind STI and MOV SS"}
        call    %2
        send    FIXED | VECTOR
        sti
        mov     ss, [selector]
        %3
        end_way
        way     {%1, " stepped"}
        call    %2
        step
        %3
        end_way
        way     {%1, " stepped behind MOV SS"}
        call    %2
        step
        mov     ss, [selector]
        %3
        end_way
        way     {%1, " behind MOV SS with a data breakpoint"}
        lea     rax, [selector]
        mov     dr0, rax
        mov     eax, BREAK_ON_DATA
        mov     dr7, rax
        call    %2
        mov     ss, [selector]
        %3
        end_way
        way     {%1, " with a breakpoint on it and on the next"}
        lea     rax, [%%it]
        mov     dr0, rax
        lea     rax, [%%next]
        mov     dr1, rax
        mov     eax, BREAK_ON_CODE
        mov     dr7, rax
        call    %2
%%it:   %3
%%next: end_way
%endmacro

        set_up_serial
        call    make_tables
        call    catch_events
        mov     [selector], ss
        mov     rax, cr4
        bts     rax, CR4_OSXSAVE
        mov     cr4, rax

        in_all_ways "CPUID", prepare_cpuid, cpuid
        in_all_ways "INVD", prepare_nothing, invd
        in_all_ways "RDMSR", prepare_rdmsr, rdmsr
        in_all_ways "RDMSR of none", prepare_no_rdmsr, rdmsr
        in_all_ways "WRMSR", prepare_wrmsr, wrmsr
        in_all_ways "XSETBV", prepare_xsetbv, xsetbv
        in_all_ways "MOV CR0", prepare_cr0, {mov cr0, rbx}
        in_all_ways "VMCALL", prepare_nothing, vmcall
        in_all_ways "VMMCALL", prepare_nothing, vmmcall
        way     "HLT behind STI"
        send    FIXED | VECTOR
        sti
        hlt
        end_way
        call    nested_nmis
        call    wait_for_print
        lidt    [nothing]
        ud2

prepare_nothing:
prepare_cpuid:
        xor     eax, eax
        ret
prepare_rdmsr:
        mov     ecx, EFER
        ret
prepare_no_rdmsr:
        mov     ecx, 0x12345
        ret
prepare_wrmsr:
        mov     ecx, APIC_BASE
        rdmsr
        ret
prepare_xsetbv:
        xor     ecx, ecx
        xor     edx, edx
        mov     eax, 1
        ret
prepare_cr0:
        mov     rbx, cr0
        btc     rbx, CR0_NE
        ret

; An NMI whose handler sends the next NMI, which stays pending until the IRET.
nested_nmis:
        mov     dword [more_nmis], 1
        way     "NMI that sends an NMI"
        send    NMI
        mov     ecx, 100
.wait:  loop    .wait
        end_way
        ret

prefix:   db "shadows: ", 0
selector: dw 0
nothing:  dw 0
          dq 0
        align   16
protected_end:

%include "memory.inc"
