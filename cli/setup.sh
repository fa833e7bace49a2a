#!/bin/sh
# Installs what tsvm needs and compiles it, only as far as it is missing. Plain sh: it runs before there is anything else.
# The packages of Debian are installed as root or with sudo; it says which before it does.
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

packages=
need() { command -v "$1" > /dev/null 2>&1 || packages="$packages $2"; }
need gcc gcc
need ld binutils
need nasm nasm
need gdb gdb
need clang clang
need qemu-system-x86_64 qemu-system-x86
need bochs "bochs bochs-term bochsbios vgabios"
need grub-mkrescue grub-common
need xorriso xorriso
need mformat mtools
need sfdisk fdisk
need mke2fs e2fsprogs
need debootstrap debootstrap
need sbsign sbsigntool
need cert-to-efi-sig-list efitools
need openssl openssl
need z3 z3
[ -e /usr/share/OVMF/OVMF_CODE_4M.fd ] || packages="$packages ovmf"
[ -e /usr/lib/grub/i386-pc ] || packages="$packages grub-pc-bin"
[ -e /usr/lib/grub/x86_64-efi ] || packages="$packages grub-efi-amd64-bin"
ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a > /dev/null 2>&1 || packages="$packages libclang-rt-14-dev"
[ -e /usr/lib/ipxe/ipxe.efi ] || packages="$packages ipxe"
[ -e /usr/lib/PXELINUX/pxelinux.0 ] || packages="$packages pxelinux"
[ -e /usr/lib/syslinux/modules/bios/ldlinux.c32 ] || packages="$packages syslinux-common"
[ -e /usr/lib/ipxe/qemu ] || packages="$packages ipxe-qemu"
[ -e /usr/lib/x86_64-linux-gnu/libc.a ] || packages="$packages libc6-dev"

if [ -n "$packages" ]; then
    say "installs from Debian:$packages"
    command -v apt-get > /dev/null 2>&1 || fail "this is not Debian: install these by other means, then run again"
    root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null 2>&1 || fail "run as root:  apt-get install$packages"
        root=sudo
    fi
    $root apt-get update -qq
    # shellcheck disable=SC2086 # one word per package
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
elif [ -z "$(ls /var/lib/apt/lists/*Packages* 2> /dev/null)" ] && [ "$(id -u)" = 0 ]; then
    say "reads Debian's list of packages: the guest is made from them"
    apt-get update -qq
fi

command -v node > /dev/null 2>&1 || fail "needs Node.js 20.19 or later; see https://nodejs.org"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "needs Node.js 20.19 or later, this is $(node --version)"

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "installs the packages of package-lock.json into node_modules/"
    npm ci --no-audit --no-fund --loglevel=error >&2
    touch node_modules/.package-lock.json
fi

node_modules/.bin/tsc -p .
