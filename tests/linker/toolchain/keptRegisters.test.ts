import t from 'tap';
import { ExitCode } from '../../../linker/errors.js';
import { checkKeptRegisters } from '../../../linker/toolchain/keptRegisters.js';

/** objdump's listing of a function that consists of `instructions`. */
function listing(...instructions: string[]): string {
  const lines = instructions.map((text, index) => `ffffffff8001700${index}:\t${text}`);
  return ['tsvm.debug:     file format elf64-x86-64', '', 'ffffffff80017000 <tsvm_vmx_cpuid>:', ...lines, ''].join(
    '\n',
  );
}

t.test('a function that keeps r8 to r11 is accepted', (t) => {
  t.doesNotThrow(() =>
    checkKeptRegisters(
      listing(
        'push   %rbp',
        'mov    %r12,%rsi',
        'jne    ffffffff80017008 <tsvm_vmx_cpuid+0x8>',
        'jmp    ffffffff80017000 <tsvm_vmx_cpuid>',
        'ret',
      ),
    ),
  );
  t.end();
});

t.test('a function that saves r9 itself, and may end in a failed check, is accepted', (t) => {
  t.doesNotThrow(() =>
    checkKeptRegisters(
      listing(
        'push   %rbp',
        'push   %r9',
        'xor    %r9d,%r9d',
        'call   ffffffff80017620 <tsvm_check_failed>',
        'pop    %r9',
      ),
    ),
  );
  t.throws(() => checkKeptRegisters(listing('push   %r9', 'xor    %r8d,%r8d', 'pop    %r9')), /r8d,%r8d/);
  t.end();
});

for (const [what, instruction] of [
  ['r8', 'mov    %r8,%rax'],
  ['half of r9', 'xor    %r9d,%r9d'],
  ['a byte of r10', 'movzbl %r10b,%eax'],
  ['r11 as an address', 'mov    (%r11),%eax'],
  ['a call', 'call   ffffffff80017620 <tsvm_svm_exit>'],
  ['a call of what a register holds', 'call   *%rax'],
  ['a jump to another function', 'jmp    ffffffff80017620 <vmx_exits_cpuid_showHighLeaf>'],
  ['a jump to its unlikely part', 'jne    ffffffff80000620 <tsvm_vmx_cpuid.cold>'],
  ['a jump to what a register holds', 'jmp    *%rax'],
] as const) {
  t.test(`a function with ${what} is refused`, (t) => {
    t.throws(() => checkKeptRegisters(listing('push   %rbp', instruction, 'ret')), {
      message: new RegExp(`tsvm_vmx_cpuid must leave r8 to r11 alone.*${instruction.replace(/[*().+]/g, '\\$&')}`),
      exitCode: ExitCode.refused,
    });
    t.end();
  });
}

t.test('a listing without the function is an internal error', (t) => {
  t.throws(() => checkKeptRegisters('tsvm.debug:     file format elf64-x86-64\n'), /does not show tsvm_vmx_cpuid/);
  t.end();
});
