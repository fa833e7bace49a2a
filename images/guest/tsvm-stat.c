/*
 * tsvm-stat: asks the hypervisor, by hypercalls (docs/hypercall.md), what it has counted and logged.
 * Exit codes: 0 done, 1 no tsvm under this system, 2 wrong usage.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x6d767374)
#define INTERFACE_VERSION 1

enum function { VERSION, EXIT_COUNT, LOG_TEXT, MEMORY_KEPT };

struct answer {
    uint64_t status, rbx, rcx, rdx, rsi, rdi;
};

/* AMD exit codes (APM 2, appendix C), as far as the hypervisor intercepts them. */
static const struct {
    uint64_t code;
    const char *name, *meaning;
} reasons[] = {
    {0x41, "debugException", "#DB, given back to the guest"},
    {0x51, "alignmentCheck", "#AC, given back to the guest"},
    {0x63, "init", "INIT signal"},
    {0x7a, "invlpga", "INVLPGA, answered by #UD"},
    {0x7c, "msr", "RDMSR or WRMSR of a watched register"},
    {0x7f, "shutdown", "triple fault"},
    {0x80, "vmrun", "VMRUN, answered by #UD"},
    {0x81, "vmmcall", "hypercall, as tsvm-stat makes them"},
    {0x82, "vmload", "VMLOAD, answered by #UD"},
    {0x83, "vmsave", "VMSAVE, answered by #UD"},
    {0x84, "stgi", "STGI, answered by #UD"},
    {0x85, "clgi", "CLGI, answered by #UD"},
    {0x86, "skinit", "SKINIT, answered by #UD"},
    {0x400, "nestedPageFault", "access to memory of the hypervisor"},
};

static struct answer hypercall(enum function function, uint64_t rdx, uint64_t rsi) {
    struct answer answer = {.status = MAGIC, .rcx = function, .rdx = rdx, .rsi = rsi};
    __asm__ volatile("vmmcall"
                     : "+a"(answer.status), "=b"(answer.rbx), "+c"(answer.rcx), "+d"(answer.rdx), "+S"(answer.rsi),
                       "=D"(answer.rdi));
    return answer;
}

/* Without the hypervisor VMMCALL raises #UD, or a hypervisor of another kind does not know the call. */
static void no_hypervisor(int signal) {
    static const char text[] = "tsvm-stat: this system does not run under tsvm\n";
    (void)signal;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
    _exit(1);
}

static int reason_index(uint64_t code) {
    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].code == code) return (int)i;
    }
    return -1;
}

static void print_text(uint64_t processors) {
    const struct answer memory = hypercall(MEMORY_KEPT, 0, 0);
    printf("tsvm, hypercall interface %d, %" PRIu64 " processor%s, %" PRIu64 " KiB kept at 0x%" PRIx64 "\n",
           INTERFACE_VERSION, processors, processors == 1 ? "" : "s", memory.rcx / 1024, memory.rbx);
    for (uint64_t processor = 0; processor < processors; processor++) {
        printf("exits of processor %" PRIu64 ":\n", processor);
        for (uint64_t code = 0;; code++) {
            const struct answer next = hypercall(EXIT_COUNT, processor, code);
            if (next.status != 0) break;
            code = next.rcx;
            const int index = reason_index(code);
            if (index < 0) printf("%10" PRIu64 "  exit code 0x%" PRIx64 "\n", next.rbx, code);
            else printf("%10" PRIu64 "  %-16s %s\n", next.rbx, reasons[index].name, reasons[index].meaning);
        }
    }
}

static void print_counts(uint64_t processor) {
    bool first = true;
    putchar('{');
    for (uint64_t code = 0;; code++) {
        const struct answer next = hypercall(EXIT_COUNT, processor, code);
        if (next.status != 0) break;
        code = next.rcx;
        const int index = reason_index(code);
        if (index < 0) printf("%s\"0x%" PRIx64 "\":%" PRIu64, first ? "" : ",", code, next.rbx);
        else printf("%s\"%s\":%" PRIu64, first ? "" : ",", reasons[index].name, next.rbx);
        first = false;
    }
    putchar('}');
}

/* One line; "exits" is that of the first processor. */
static void print_json(uint64_t processors) {
    const struct answer memory = hypercall(MEMORY_KEPT, 0, 0);
    printf("{\"version\":%d,\"memory\":{\"start\":%" PRIu64 ",\"bytes\":%" PRIu64 "},\"exits\":", INTERFACE_VERSION,
           memory.rbx, memory.rcx);
    print_counts(0);
    printf(",\"processors\":[");
    for (uint64_t processor = 0; processor < processors; processor++) {
        if (processor > 0) putchar(',');
        print_counts(processor);
    }
    printf("]}\n");
}

static void print_log(void) {
    struct answer part = hypercall(LOG_TEXT, 0, 0);
    while (part.status == 0) {
        const uint64_t words[] = {part.rdx, part.rsi, part.rdi};
        fwrite(words, 1, part.rcx <= sizeof words ? part.rcx : sizeof words, stdout);
        part = hypercall(LOG_TEXT, part.rbx, 0);
    }
}

static int usage(FILE *stream, int status) {
    fputs("usage: tsvm-stat [--json | --log | --help]\n"
          "Shows why and how often the guest was left for the hypervisor tsvm.\n"
          "  --json  the same as one line of JSON\n"
          "  --log   the hypervisor's messages instead\n"
          "Exit codes: 0 done, 1 this system does not run under tsvm, 2 wrong usage.\n",
          stream);
    return status;
}

int main(int count, char **words) {
    const char *option = count > 1 ? words[1] : "";
    if (strcmp(option, "--help") == 0) return usage(stdout, 0);
    if (count > 2 || (count == 2 && strcmp(option, "--json") != 0 && strcmp(option, "--log") != 0)) {
        return usage(stderr, 2);
    }
    signal(SIGILL, no_hypervisor);
    const struct answer version = hypercall(VERSION, 0, 0);
    if (version.status != 0 || version.rbx != INTERFACE_VERSION) no_hypervisor(0);
    if (strcmp(option, "--json") == 0) print_json(version.rcx);
    else if (strcmp(option, "--log") == 0) print_log();
    else print_text(version.rcx);
    return 0;
}
