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
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "names.h" /* the kernel's lists, by generated.ts */

#define MAGIC UINT64_C(0x6d767374)
#define INTERFACE_VERSION 1

enum function { VERSION, EXIT_COUNT, LOG_TEXT, MEMORY_KEPT, TIME, TEST_TASK, STATISTICS, ACCESS_COUNT, EVENT_COUNT };
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
    uint32_t accesses, accesses_of_each, events, events_of_each;
};

struct answer {
    uint64_t status, rbx, rcx, rdx, rsi, rdi;
};

static const struct vendor {
    const char *name;
    const struct name *exits;
    unsigned count;
} vendors[] = {
    {"AMD-V", amd_v_exits, sizeof amd_v_exits / sizeof amd_v_exits[0]},
    {"Intel VT-x", vt_x_exits, sizeof vt_x_exits / sizeof vt_x_exits[0]},
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

/* NULL where the list does not have the number. */
static const struct name *find_name(const struct name *list, unsigned count, uint64_t number) {
    for (unsigned i = 0; i < count; i++) {
        if (list[i].number == number) return &list[i];
    }
    return NULL;
}

static const struct name *exit_name(uint64_t code) {
    return find_name(vendor->exits, vendor->count, code);
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
        const uint64_t end = page->events + page->events_of_each * sizeof *counts[i];
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

/* What each processor counts besides its exits: the hypercall that gives one count, where the page says where the counts lie
   and how many there are, and their names. */
struct counted {
    const char *name;
    enum function function;
    size_t offset, number;
    const struct name *names;
    unsigned named;
};

static const struct counted counted[] = {
    {"accesses", ACCESS_COUNT, offsetof(struct statistics, accesses), offsetof(struct statistics, accesses_of_each), owners,
     sizeof owners / sizeof owners[0]},
    {"events", EVENT_COUNT, offsetof(struct statistics, events), offsetof(struct statistics, events_of_each), events,
     sizeof events / sizeof events[0]},
};

static uint32_t statistics_word(size_t offset) {
    return *(const volatile uint32_t *)((const volatile char *)statistics + offset);
}

/* The count with this number of the processor; not there where there is no such number. */
static struct count count_of(const struct counted *what, uint64_t processor, uint64_t number) {
    if (statistics == NULL) {
        const struct answer answer = ask(what->function, processor, number);
        return (struct count){answer.status == DONE, number, answer.rbx};
    }
    if (number >= statistics_word(what->number)) return (struct count){false, number, 0};
    const uint64_t first = statistics_word(what->offset) / sizeof *counts[processor];
    return (struct count){true, number, counts[processor][first + number]};
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

static void print_counted(const struct counted *what, uint64_t processor) {
    bool any = false;
    for (uint64_t number = 0;; number++) {
        const struct count count = count_of(what, processor, number);
        if (!count.is_there) break;
        if (count.times == 0) continue;
        if (!any) printf("%s of processor %" PRIu64 ":\n", what->name, processor);
        any = true;
        const struct name *name = find_name(what->names, what->named, number);
        if (name == NULL) printf("%10" PRIu64 "  number %" PRIu64 "\n", count.times, number);
        else printf("%10" PRIu64 "  %-16s %s\n", count.times, name->name, name->meaning);
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
            const struct name *name = exit_name(code);
            if (name == NULL) printf("%10" PRIu64 "  exit code 0x%" PRIx64 "\n", next.times, code);
            else printf("%10" PRIu64 "  %-16s %s\n", next.times, name->name, name->meaning);
        }
        for (unsigned i = 0; i < sizeof counted / sizeof counted[0]; i++) print_counted(&counted[i], processor);
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
        const struct name *name = exit_name(code);
        if (name == NULL) printf("%s\"0x%" PRIx64 "\":%" PRIu64, first ? "" : ",", code, next.times);
        else printf("%s\"%s\":%" PRIu64, first ? "" : ",", name->name, next.times);
        first = false;
    }
    putchar('}');
}

static void print_json_counted(const struct counted *what, uint64_t processor) {
    bool first = true;
    putchar('{');
    for (uint64_t number = 0;; number++) {
        const struct count count = count_of(what, processor, number);
        if (!count.is_there) break;
        if (count.times == 0) continue;
        const struct name *name = find_name(what->names, what->named, number);
        if (name == NULL) printf("%s\"%" PRIu64 "\":%" PRIu64, first ? "" : ",", number, count.times);
        else printf("%s\"%s\":%" PRIu64, first ? "" : ",", name->name, count.times);
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
    putchar(']');
    for (unsigned i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        printf(",\"%s\":[", counted[i].name);
        for (uint64_t processor = 0; processor < processors; processor++) {
            if (processor > 0) putchar(',');
            print_json_counted(&counted[i], processor);
        }
        putchar(']');
    }
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

/* Waits until a terminal has sent all: whoever powers the machine off next would cut the rest off. Files and pipes have no such wait. */
static void finish(void) {
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
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
    finish();
    return 0;
}
