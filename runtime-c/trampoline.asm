; An AP starts here after a SIPI (SDM 3A 8.4.4): the code that kernel/space/trampoline.ts copies to a page below 1 MiB, and the
; code that follows it.

%include "layout.inc"
%include "offsets.inc"

global tsvm_trampoline
extern tsvm_processor_start

DATA_SELECTOR   equ 0x10
CR4_PAE         equ 1 << 5
EFER            equ 0xc0000080
EFER_LME        equ 1 << 8
EFER_NXE        equ 1 << 11
CR0_PE          equ 1 << 0
CR0_ET          equ 1 << 4
CR0_NE          equ 1 << 5
CR0_WP          equ 1 << 16
CR0_PG          equ 1 << 31

; CPUID leaves: topology, valid if the leaf's EBX is not 0 (SDM 2A), and the initial APIC ID of 8 bits.
LEAF_TOPOLOGY   equ 0x0b
LEAF_TOPOLOGY_2 equ 0x1f
LEAF_FEATURES   equ 1

; Goes on at .search with edx, if leaf %1 gives the ID. r9d: the last leaf.
%macro find_id 1
        mov     eax, %1
        cmp     r9d, eax
        jb      %%absent
        xor     ecx, ecx
        cpuid
        test    ebx, ebx
        jnz     .search
%%absent:
%endmacro

section .text
align 16
bits 16
; Starts in real mode at the start of a page, with interrupts off. The page tables map the page to itself.
tsvm_trampoline:
        mov     ax, cs
        mov     ds, ax
        mov     esi, cr0                ; has the cache bits, which an INIT preserves
        o32 lidt [Trampoline.noInterruptsLimit]        ; an NMI here causes a shutdown, instead of using a vector of the guest
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     eax, [Trampoline.tables]
        mov     cr3, eax
        mov     ecx, EFER
        rdmsr
        or      eax, EFER_LME | EFER_NXE
        wrmsr
        o32 lgdt [Trampoline.descriptorsLimit]
        mov     eax, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE
        mov     cr0, eax
        jmp     dword far [Trampoline.continuation]

times 0x80 - ($ - tsvm_trampoline) int3
bits 64
        mov     eax, DATA_SELECTOR
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        lea     r8, [rel tsvm_trampoline]
        mov     rax, find_vcpu
        jmp     rax
times Trampoline.descriptorsLimit - ($ - tsvm_trampoline) int3

; Runs at the address that the image is linked for. r8: the page, esi: CR0 at the start
find_vcpu:
        mov     r10d, esi
        xor     eax, eax
        cpuid
        mov     r9d, eax
        find_id LEAF_TOPOLOGY_2
        find_id LEAF_TOPOLOGY
        mov     eax, LEAF_FEATURES
        cpuid
        mov     edx, ebx
        shr     edx, 24
.search:
        mov     rsi, [r8 + Trampoline.vcpus]
        mov     ecx, [r8 + Trampoline.processorCount]
.next:  mov     rdi, [rsi]
        cmp     [rdi + Vcpu.apicId], edx
        je      .found
        add     rsi, 8
        dec     ecx
        jnz     .next
.halt:  hlt                             ; firmware has not listed this processor, so it has no vcpu
        jmp     .halt
.found: mov     rsp, [rdi + Vcpu.stackTop]
        mov     esi, r10d
        xor     ebp, ebp                ; ends the chain of frames
        call    tsvm_processor_start    ; does not return
