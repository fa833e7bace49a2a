/*
 * tsvm-stat: shows what the hypervisor has counted and logged (docs/hypercall.md). It reads the page of statistics through
 * /dev/mem, which root may do unless the kernel is locked down. Otherwise it makes hypercalls, which the hypervisor answers to
 * programs only with the option hypercall=user.
 * Exit codes: 0 done, 1 no tsvm under this system, 2 wrong usage, 3 not allowed to know.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x6d767374)
#define INTERFACE_VERSION 1

enum function { VERSION, EXIT_COUNT, LOG_TEXT, MEMORY_KEPT, TIME, TEST_TASK, STATISTICS, ACCESS_COUNT };
enum status { DONE, NO_SUCH_FUNCTION, NOTHING_THERE, NOT_ALLOWED };

#define STATISTICS_MAGIC UINT64_C(0x746174736d767374)
#define STATISTICS_VERSION 2
#define PAGE_BYTES 4096
#define MOST_PROCESSORS 256

/* The page of statistics, version 2. Later versions have more fields at the end. */
struct statistics {
    uint64_t magic;
    uint32_t version, bytes, vendor, processors;
    uint64_t counts, counts_distance;
    uint32_t counts_of_each, clock_source;
    uint64_t clock_frequency, hidden_start, hidden_bytes;
    uint32_t accesses, accesses_of_each;
};

struct answer {
    uint64_t status, rbx, rcx, rdx, rsi, rdi;
};

struct reason {
    uint64_t code;
    const char *name, *meaning;
};

/* AMD exit codes (APM 2, appendix C) that the hypervisor intercepts. */
static const struct reason amd_v[] = {
    {0x41, "debugException", "#DB, given back to the guest"},
    {0x51, "alignmentCheck", "#AC, given back to the guest"},
    {0x52, "machineCheck", "#MC, given back to the guest"},
    {0x61, "nmi", "NMI, given back to the guest, or a processor that calls the others"},
    {0x62, "smi", "system-management interrupt"},
    {0x63, "init", "INIT signal"},
    {0x74, "iret", "end of an NMI's handler"},
    {0x76, "invd", "INVD, done as WBINVD"},
    {0x77, "pause", "PAUSE in an NMI's handler"},
    {0x78, "hlt", "HLT in an NMI's handler"},
    {0x7a, "invlpga", "INVLPGA, answered by #UD"},
    {0x7b, "port", "access to a register of sleep"},
    {0x7c, "msr", "RDMSR or WRMSR of a watched register"},
    {0x7f, "shutdown", "triple fault"},
    {0x80, "vmrun", "VMRUN, answered by #UD"},
    {0x81, "vmmcall", "hypercall, as tsvm-stat makes them"},
    {0x82, "vmload", "VMLOAD, answered by #UD"},
    {0x83, "vmsave", "VMSAVE, answered by #UD"},
    {0x84, "stgi", "STGI, answered by #UD"},
    {0x85, "clgi", "CLGI, answered by #UD"},
    {0x86, "skinit", "SKINIT, answered by #UD"},
    {0x400, "nestedPageFault", "write to the local APIC, or access to memory of the hypervisor"},
};

/* Intel's basic exit reasons (SDM 3D, appendix C) that can occur. */
static const struct reason vt_x[] = {
    {0, "exception", "#DB or #AC, given back to the guest"},
    {2, "tripleFault", "triple fault"},
    {3, "init", "INIT signal"},
    {4, "sipi", "SIPI, which starts a processor"},
    {9, "taskSwitch", "hardware task switch"},
    {10, "cpuid", "CPUID"},
    {11, "getsec", "GETSEC, answered by #UD"},
    {13, "invd", "INVD, done as WBINVD"},
    {18, "vmcall", "hypercall, as tsvm-stat makes them"},
    {19, "vmclear", "VMCLEAR, answered by #UD"},
    {20, "vmlaunch", "VMLAUNCH, answered by #UD"},
    {21, "vmptrld", "VMPTRLD, answered by #UD"},
    {22, "vmptrst", "VMPTRST, answered by #UD"},
    {23, "vmread", "VMREAD, answered by #UD"},
    {24, "vmresume", "VMRESUME, answered by #UD"},
    {25, "vmwrite", "VMWRITE, answered by #UD"},
    {26, "vmxoff", "VMXOFF, answered by #UD"},
    {27, "vmxon", "VMXON, answered by #UD"},
    {28, "controlRegister", "change of CR0.NE or CR4.VMXE"},
    {30, "port", "access to ports beyond FFFFH"},
    {31, "rdmsr", "RDMSR of a watched register"},
    {32, "wrmsr", "WRMSR of a watched register"},
    {48, "eptViolation", "access to memory of the hypervisor"},
    {50, "invept", "INVEPT, answered by #UD"},
    {52, "preemptionTimer", "a timer of the hypervisor"},
    {53, "invvpid", "INVVPID, answered by #UD"},
    {55, "xsetbv", "XSETBV"},
    {59, "vmfunc", "VMFUNC, answered by #UD"},
    {63, "xsaves", "XSAVES of the state of Intel PT, answered by #GP"},
    {64, "xrstors", "XRSTORS of the state of Intel PT, answered by #GP"},
    {76, "seamcall", "SEAMCALL, answered by #UD"},
    {77, "tdcall", "TDCALL, answered by #UD"},
    {84, "readMsrImmediate", "RDMSR that names a watched register, answered by #UD"},
    {85, "writeMsrImmediate", "WRMSRNS that names a watched register, answered by #UD"},
    {86, "other", "a reason without a name"},
};

static const struct vendor {
    const char *name;
    const struct reason *reasons;
    unsigned count;
} vendors[] = {
    {"AMD-V", amd_v, sizeof amd_v / sizeof amd_v[0]},
    {"Intel VT-x", vt_x, sizeof vt_x / sizeof vt_x[0]},
};

/* The vendor of the processor, which decides the instruction for hypercalls; later the vendor that the hypervisor reports. */
static bool is_intel;
static const struct vendor *vendor;

static struct answer hypercall(enum function function, uint64_t rdx, uint64_t rsi) {
    struct answer answer = {.status = MAGIC, .rcx = function, .rdx = rdx, .rsi = rsi};
#define CALL(instruction)                                                                                             \
    __asm__ volatile(instruction                                                                                      \
                     : "+a"(answer.status), "=b"(answer.rbx), "+c"(answer.rcx), "+d"(answer.rdx), "+S"(answer.rsi),   \
                       "=D"(answer.rdi))
    if (is_intel) CALL("vmcall");
    else CALL("vmmcall");
#undef CALL
    return answer;
}

static void find_processor(void) {
    unsigned leaf, ebx = 0, ecx, edx;
    __cpuid(0, leaf, ebx, ecx, edx);
    is_intel = ebx == signature_INTEL_ebx;
}

/* Ends the program since there is no tsvm: the hypercall raises #UD, or another hypervisor does not know it. */
static void no_hypervisor(int signal) {
    static const char text[] = "tsvm-stat: this system does not run under tsvm\n";
    (void)signal;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
    _exit(1);
}

static const struct reason *reason_of(uint64_t code) {
    for (unsigned i = 0; i < vendor->count; i++) {
        if (vendor->reasons[i].code == code) return &vendor->reasons[i];
    }
    return NULL;
}

/* The page of statistics, mapped. NULL if it cannot be read; then hypercalls have to be used. */
static const volatile struct statistics *statistics;
static const volatile uint64_t *counts[MOST_PROCESSORS];

/* Without O_SYNC: the hypervisor's memory is cached. */
static const volatile void *map_memory(int memory, uint64_t address, uint64_t bytes) {
    const volatile void *place = mmap(NULL, bytes, PROT_READ, MAP_SHARED, memory, (off_t)address);
    return place == MAP_FAILED ? NULL : place;
}

static bool has_statistics(const volatile struct statistics *page) {
    return page->magic == STATISTICS_MAGIC && page->version >= STATISTICS_VERSION && page->processors <= MOST_PROCESSORS;
}

static bool map_counts(int memory, const volatile struct statistics *page) {
    for (unsigned i = 0; i < page->processors; i++) {
        const uint64_t end = page->accesses + page->accesses_of_each * sizeof *counts[i];
        const uint64_t bytes = (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        counts[i] = map_memory(memory, page->counts + i * page->counts_distance, bytes);
        if (counts[i] == NULL) return false;
    }
    return true;
}

static void find_statistics(void) {
    const struct answer place = hypercall(STATISTICS, 0, 0);
    const int memory = place.status == DONE ? open("/dev/mem", O_RDONLY) : -1;
    if (memory < 0) return;
    const volatile struct statistics *page = map_memory(memory, place.rbx, PAGE_BYTES);
    if (page != NULL && has_statistics(page) && map_counts(memory, page)) statistics = page;
    close(memory);
}

static _Noreturn void not_allowed(void) {
    fflush(stdout);
    fputs("tsvm-stat: tsvm tells this to root only, through /dev/mem, which this user or a kernel that is locked down cannot read,\n"
          "and its log to the kernel only: start tsvm with the option hypercall=user to have it tell every program\n",
          stderr);
    exit(3);
}

/* Makes a hypercall that the hypervisor may refuse to programs; ends this program then. */
static struct answer ask(enum function function, uint64_t rdx, uint64_t rsi) {
    const struct answer answer = hypercall(function, rdx, rsi);
    if (answer.status == NOT_ALLOWED) not_allowed();
    return answer;
}

struct count {
    bool is_there;
    uint64_t code, times;
};

/* Finds the first exit reason, from `code` on, that the processor has counted. */
static struct count next_count(uint64_t processor, uint64_t code) {
    if (statistics == NULL) {
        const struct answer next = ask(EXIT_COUNT, processor, code);
        return (struct count){next.status == DONE, next.rcx, next.rbx};
    }
    for (; code < statistics->counts_of_each; code++) {
        const uint64_t times = counts[processor][code];
        if (times != 0) return (struct count){true, code, times};
    }
    return (struct count){false, 0, 0};
}

/* Counts the processor's accesses that exited and reached the owner; `is_there` is false if there is no such owner. */
static struct count access_count(uint64_t processor, uint64_t owner) {
    if (statistics == NULL) {
        const struct answer answer = ask(ACCESS_COUNT, processor, owner);
        return (struct count){answer.status == DONE, owner, answer.rbx};
    }
    if (owner >= statistics->accesses_of_each) return (struct count){false, owner, 0};
    return (struct count){true, owner, counts[processor][statistics->accesses / sizeof *counts[processor] + owner]};
}

/* The memory that the hypervisor keeps for itself. False if this program is not allowed to know. */
static bool find_memory(uint64_t *start, uint64_t *bytes) {
    const struct answer kept = statistics == NULL ? hypercall(MEMORY_KEPT, 0, 0) : (struct answer){.status = DONE};
    *start = statistics == NULL ? kept.rbx : statistics->hidden_start;
    *bytes = statistics == NULL ? kept.rcx : statistics->hidden_bytes;
    return kept.status == DONE;
}

static void print_time(void) {
    const struct answer time = hypercall(TIME, 0, 0);
    const struct answer task = hypercall(TEST_TASK, 0, 0);
    printf("time from the %s, %" PRIu64 " kHz\n", time.rcx == 0 ? "power-management timer" : "time-stamp counter",
           time.rdx / 1000);
    if (task.status != 0) return;
    printf("test task: %" PRIu64 " runs, one each %" PRIu64 " us, late by %" PRIu64 " ns at most, %" PRIu64 " left out\n",
           task.rbx, task.rdx / 1000, task.rcx, task.rsi);
}

static void print_accesses(uint64_t processor) {
    bool any = false;
    for (uint64_t owner = 0;; owner++) {
        const struct count count = access_count(processor, owner);
        if (!count.is_there) break;
        if (count.times == 0) continue;
        if (!any) printf("accesses of processor %" PRIu64 " by owner:\n", processor);
        any = true;
        printf("%10" PRIu64 "  owner %" PRIu64 "\n", count.times, owner);
    }
}

static void print_text(uint64_t processors) {
    uint64_t start, bytes;
    printf("tsvm, hypercall interface %d on %s, %" PRIu64 " processor%s", INTERFACE_VERSION, vendor->name, processors,
           processors == 1 ? "" : "s");
    if (!find_memory(&start, &bytes)) {
        puts("");
        not_allowed();
    }
    printf(", %" PRIu64 " KiB kept at 0x%" PRIx64 "\n", bytes / 1024, start);
    for (uint64_t processor = 0; processor < processors; processor++) {
        printf("exits of processor %" PRIu64 ":\n", processor);
        for (uint64_t code = 0;; code++) {
            const struct count next = next_count(processor, code);
            if (!next.is_there) break;
            code = next.code;
            const struct reason *reason = reason_of(code);
            if (reason == NULL) printf("%10" PRIu64 "  exit code 0x%" PRIx64 "\n", next.times, code);
            else printf("%10" PRIu64 "  %-16s %s\n", next.times, reason->name, reason->meaning);
        }
        print_accesses(processor);
    }
    print_time();
}

static void print_counts(uint64_t processor) {
    bool first = true;
    putchar('{');
    for (uint64_t code = 0;; code++) {
        const struct count next = next_count(processor, code);
        if (!next.is_there) break;
        code = next.code;
        const struct reason *reason = reason_of(code);
        if (reason == NULL) printf("%s\"0x%" PRIx64 "\":%" PRIu64, first ? "" : ",", code, next.times);
        else printf("%s\"%s\":%" PRIu64, first ? "" : ",", reason->name, next.times);
        first = false;
    }
    putchar('}');
}

static void print_json_accesses(uint64_t processor) {
    bool first = true;
    putchar('{');
    for (uint64_t owner = 0;; owner++) {
        const struct count count = access_count(processor, owner);
        if (!count.is_there) break;
        if (count.times == 0) continue;
        printf("%s\"%" PRIu64 "\":%" PRIu64, first ? "" : ",", owner, count.times);
        first = false;
    }
    putchar('}');
}

static void print_json_time(void) {
    const struct answer time = hypercall(TIME, 0, 0);
    const struct answer task = hypercall(TEST_TASK, 0, 0);
    printf(",\"time\":{\"nanoseconds\":%" PRIu64 ",\"source\":\"%s\",\"frequency\":%" PRIu64 "}", time.rbx,
           time.rcx == 0 ? "powerTimer" : "tsc", time.rdx);
    if (task.status != 0) return;
    printf(",\"testTask\":{\"runs\":%" PRIu64 ",\"latest\":%" PRIu64 ",\"period\":%" PRIu64 ",\"missed\":%" PRIu64 "}",
           task.rbx, task.rcx, task.rdx, task.rsi);
}

/* Prints one line of JSON. "exits" are those of the BSP. */
static void print_json(uint64_t processors) {
    uint64_t start, bytes;
    if (!find_memory(&start, &bytes)) not_allowed();
    printf("{\"version\":%d,\"vendor\":\"%s\",\"memory\":{\"start\":%" PRIu64 ",\"bytes\":%" PRIu64 "},\"exits\":", INTERFACE_VERSION,
           vendor->name, start, bytes);
    print_counts(0);
    printf(",\"processors\":[");
    for (uint64_t processor = 0; processor < processors; processor++) {
        if (processor > 0) putchar(',');
        print_counts(processor);
    }
    printf("],\"accesses\":[");
    for (uint64_t processor = 0; processor < processors; processor++) {
        if (processor > 0) putchar(',');
        print_json_accesses(processor);
    }
    putchar(']');
    print_json_time();
    printf("}\n");
}

static void print_log(void) {
    struct answer part = ask(LOG_TEXT, 0, 0);
    while (part.status == 0) {
        const uint64_t words[] = {part.rdx, part.rsi, part.rdi};
        fwrite(words, 1, part.rcx <= sizeof words ? part.rcx : sizeof words, stdout);
        part = ask(LOG_TEXT, part.rbx, 0);
    }
}

static int usage(FILE *stream, int status) {
    fputs("usage: tsvm-stat [--json | --log | --help]\n"
          "Shows why and how often the guest was left for the hypervisor tsvm.\n"
          "  --json  the same as one line of JSON\n"
          "  --log   the hypervisor's messages instead\n"
          "          for which tsvm has to be started with the option hypercall=user\n"
          "Run it as root. Exit codes: 0 done, 1 this system does not run under tsvm, 2 wrong usage, 3 not allowed to know.\n",
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
    find_processor();
    const struct answer version = hypercall(VERSION, 0, 0);
    if (version.status != 0 || version.rbx != INTERFACE_VERSION || version.rdx > 1) no_hypervisor(0);
    vendor = &vendors[version.rdx];
    find_statistics();
    if (strcmp(option, "--json") == 0) print_json(version.rcx);
    else if (strcmp(option, "--log") == 0) print_log();
    else print_text(version.rcx);
    return 0;
}
