#!/bin/sh
# Builds the program of docs/language.md: docs/hello/build.sh OUTPUT-FOLDER, from the project's folder, after `npx tsc -p .`.
# In a project of its own, with the transpiler installed:  TRANSPILE='npx tsvm-transpile' sh hello/build.sh OUTPUT-FOLDER
set -eu
here=$(dirname "$0")
output=${1:?usage: build.sh OUTPUT-FOLDER}

${TRANSPILE:-node "$here/../../build/js/transpiler/command.js"} "$here" "$output"
gcc -std=c11 -ffreestanding -Wall -Wextra -Werror -mgeneral-regs-only -mno-red-zone -fno-pic -fcf-protection=none -O2 -g \
  -I "$here" -c "$output/image.c" -o "$output/image.o"
nasm -f elf64 "$here/boot.asm" -o "$output/boot.o"
ld -nostdlib -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments -T "$here/hello.ld" "$output/boot.o" "$output/image.o" -o "$output/hello.elf"
