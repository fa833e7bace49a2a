; The page that becomes the PE section .sbat. It names components and their generations, so that shim and firmware can revoke all
; generations below a given one with a single line (SBAT.md of shim). Raise tsvm's generation, the second field of its line, with
; each release that closes a way around Secure Boot (docs/security.md).

section .sbat progbits alloc noexec nowrite align=4096
        db      "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md", 10
        db      "tsvm,1,tsvm,tsvm,0.1.0,docs/security.md", 10
