; The stacks, each above an unmapped guard page. kernel/x86/stacks.ts has the same order and sizes.

PAGE    equ 0x1000

global main_stack_top, nmi_stack_top, double_fault_stack_top, machine_check_stack_top

section .stacks nobits alloc write noexec align=4096
        resb    PAGE
        resb    PAGE * 4
main_stack_top:
        resb    PAGE
        resb    PAGE
nmi_stack_top:
        resb    PAGE
        resb    PAGE
double_fault_stack_top:
        resb    PAGE
        resb    PAGE
machine_check_stack_top:
