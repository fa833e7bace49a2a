/*
 * The phases that the bench measures. Each prints one line:
 *   guest: phase NAME ticks=N before=JSON after=JSON
 * The ticks are those of the time-stamp counter (instructions, if the emulator counts them). The JSON objects are the output of
 * `tsvm-stat --json`, or null on the bare machine. --smp runs the phases in which several processors work together, --quick does
 * only a part of the work, and --cpuid makes the second processor execute CPUID endlessly.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

/* A mark that bench/instructions.c finds in the executed code: a NOP with an operand that no other code uses. */
enum mark { PHASE_BEGINS = 0x74737601, ROUND_ENDS, PHASE_ENDS };
#define MARK(number) __asm__ volatile("nopl %c0(%%rax)" : : "i"(number))

/* Each phase does this part of its work: one in `share`. Emulators differ in speed. */
static int share = 1;

static void sleep_for(time_t seconds, long nanoseconds) {
    const struct timespec time = {seconds, nanoseconds};
    nanosleep(&time, NULL);
}

static void nothing(void) {}

static void idle(void) { sleep_for(5, 0); }

static void sleeps(void) {
    for (int i = 0; i < 500 / share; i++) {
        sleep_for(0, 1000000);
        MARK(ROUND_ENDS);
    }
}

static uint32_t rotate(uint32_t value, int count) { return value >> count | value << (32 - count); }

/* Fractional parts of square and cube roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
static uint32_t root_fraction(int prime, int degree) {
    unsigned __int128 low = 0, high = (unsigned __int128)1 << 36;
    while (high - low > 1) {
        const unsigned __int128 middle = (low + high) / 2;
        const unsigned __int128 power = degree == 2 ? middle * middle : middle * middle * middle;
        const unsigned __int128 target = (unsigned __int128)prime << (32 * degree);
        if (power <= target) low = middle;
        else high = middle;
    }
    return (uint32_t)low;
}

static void sha256_constants(uint32_t initial[8], uint32_t round[64]) {
    int found = 0;
    for (int candidate = 2; found < 64; candidate++) {
        int divisor = 2;
        while (candidate % divisor != 0) divisor++;
        if (divisor != candidate) continue;
        if (found < 8) initial[found] = root_fraction(candidate, 2);
        round[found++] = root_fraction(candidate, 3);
    }
}

static void sha256_block(uint32_t state[8], const uint32_t round[64], const uint8_t block[64]) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        const uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        const uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + round[i] + w[i];
        const uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        const uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

/* Hashes 16 MiB of zeros, without padding. Only the work matters; its result keeps the compiler from removing it. */
static void sha256(void) {
    static const uint8_t block[64];
    uint32_t state[8], round[64];
    sha256_constants(state, round);
    for (int i = 0; i < (16 << 20) / 64 / share; i++) sha256_block(state, round, block);
    printf("guest: sha256 %08x\n", state[0]);
}

static void processes(void) {
    for (int i = 0; i < 2000 / share; i++) {
        const pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "phases", "--nothing", (char *)NULL);
            _exit(1);
        }
        waitpid(child, NULL, 0);
        MARK(ROUND_ENDS);
    }
}

static void run_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) puts("guest: no second processor");
}

/* Sends a byte there and back between processes on two processors, 5,000 times or a part of that. */
static void ping_pong(void) {
    int there[2], back[2];
    char byte = 0;
    if (pipe(there) != 0 || pipe(back) != 0) return;
    const pid_t child = fork();
    if (child == 0) {
        run_on(1);
        close(there[1]);
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {}
        _exit(0);
    }
    run_on(0);
    for (int i = 0; i < 5000 / share; i++) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) puts("guest: the pipe broke");
        MARK(ROUND_ENDS);
    }
    close(there[1]);
    waitpid(child, NULL, 0);
}

static void disk_reads(void) {
    const int disk = open("/dev/nvme0n1", O_RDONLY | O_DIRECT);
    void *buffer;
    if (disk < 0 || posix_memalign(&buffer, 4096, 4096) != 0) {
        puts("guest: no NVMe disk");
        return;
    }
    for (int i = 0; i < 500; i++) {
        if (pread(disk, buffer, 4096, (off_t)i * 4096) != 4096) puts("guest: NVMe read failed");
    }
    free(buffer);
    close(disk);
}

static void cpuids(void) {
    uint32_t a, b, c, d;
    for (int i = 0; i < 1000; i++) __cpuid(0, a, b, c, d);
}

static void read_counts(char *text, size_t size) {
    strcpy(text, "null");
    FILE *pipe = popen("tsvm-stat --json 2>/dev/null", "r");
    if (pipe == NULL) return;
    char line[4096];
    if (fgets(line, sizeof line, pipe) != NULL && line[0] == '{') snprintf(text, size, "%s", line);
    pclose(pipe);
    text[strcspn(text, "\n")] = 0;
}

static void measure(const char *name, void (*phase)(void)) {
    static char before[4096], after[4096];
    read_counts(before, sizeof before);
    const uint64_t start = __rdtsc();
    MARK(PHASE_BEGINS);
    phase();
    MARK(PHASE_ENDS);
    const uint64_t ticks = __rdtsc() - start;
    read_counts(after, sizeof after);
    printf("guest: phase %s ticks=%llu before=%s after=%s\n", name, (unsigned long long)ticks, before, after);
    fflush(stdout);
}

static void shared_phases(void) {
    measure("ping-pong", ping_pong);
    measure("sleeps", sleeps);
    measure("idle", idle);
    measure("fork+exec", processes);
    run_on(0);
    measure("fork+exec on one", processes);
}

static void single_phases(int is_quick) {
    if (is_quick) measure("nothing", nothing); /* the exits of the measurement itself, on VT-x for CPUID */
    measure("idle", idle);
    measure("sha256", sha256);
    measure("fork+exec", processes);
    if (!is_quick) measure("nvme", disk_reads);
    measure("sleeps", sleeps);
    measure("cpuid", cpuids);
}

static int is_given(int count, char **words, const char *option) {
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], option) == 0) return 1;
    }
    return 0;
}

int main(int count, char **words) {
    if (is_given(count, words, "--nothing")) return 0;
    if (is_given(count, words, "--cpuid")) {
        run_on(1);
        for (;;) cpuids();
    }
    const int is_quick = is_given(count, words, "--quick");
    if (is_quick) share = 20;
    if (is_given(count, words, "--smp")) shared_phases();
    else single_phases(is_quick);
    return 0;
}
