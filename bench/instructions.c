/*
 * A QEMU plugin that counts the instructions of all processors together, those of the guest and those of the hypervisor. The
 * guest marks its phases and their rounds (images/guest/phases.c). For each phase the plugin writes one line to the file
 * out=NAME:
 *   total=N rounds=N decile=N median=N
 * A tenth of the rounds take no more instructions than the decile: these have no timer interrupt, nor other events that come
 * with time. Instructions are counted per translated block, which is faster than one by one; a block that an exception ends
 * early counts as a whole. The counts are exact only if one thread runs all processors (-accel tcg,thread=single).
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's plugin interface, version 1 (docs/devel/tcg-plugins.rst). Debian has no package with its header. */
#define EXPORT __attribute__((visibility("default")))
enum { PLUGIN_VERSION = 1, ADD_U64 = 0, NO_REGISTERS = 0 };
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated_fn)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*executed_fn)(unsigned, void *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated_fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, executed_fn, int, void *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

/* A mark: NOP with a 32-bit displacement, whose lowest byte tells what is marked. */
static const uint8_t mark_bytes[] = {0x0f, 0x1f, 0x80};
static const uint8_t mark_name[] = {0x76, 0x73, 0x74};
enum mark { PHASE_BEGINS = 1, ROUND_ENDS = 2, PHASE_ENDS = 3 };

enum { MOST_ROUNDS = 100000 };
static uint64_t executed, phase_start, round_start, rounds[MOST_ROUNDS];
static size_t round_count;
static FILE *output;

static int compare(const void *left, const void *right) {
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void end_phase(void) {
    const uint64_t total = executed - phase_start;
    qsort(rounds, round_count, sizeof rounds[0], compare);
    fprintf(output, "total=%" PRIu64 " rounds=%zu decile=%" PRIu64 " median=%" PRIu64 "\n", total, round_count,
            rounds[round_count / 10], rounds[round_count / 2]);
    fflush(output);
}

static void marked(unsigned processor, void *mark) {
    (void)processor;
    switch ((uintptr_t)mark) {
    case PHASE_BEGINS:
        phase_start = round_start = executed;
        round_count = 0;
        rounds[0] = 0;
        break;
    case ROUND_ENDS:
        if (round_count < MOST_ROUNDS) rounds[round_count++] = executed - round_start;
        round_start = executed;
        break;
    case PHASE_ENDS:
        end_phase();
        break;
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &executed, count);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        const uint8_t *bytes = qemu_plugin_insn_data(instruction);
        if (qemu_plugin_insn_size(instruction) == 7 && memcmp(bytes, mark_bytes, sizeof mark_bytes) == 0 &&
            memcmp(bytes + 4, mark_name, sizeof mark_name) == 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, marked, NO_REGISTERS, (void *)(uintptr_t)bytes[3]);
        }
    }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **words) {
    (void)info;
    output = stderr;
    for (int i = 0; i < count; i++) {
        if (strncmp(words[i], "out=", 4) == 0) output = fopen(words[i] + 4, "w");
    }
    if (output == NULL) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
