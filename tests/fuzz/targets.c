/* The fuzzer's targets. Each runs a parser of external data on the input; TSVM_FUZZ selects the target. */
#include "image.c"

#include "instances.h"

/* Address of the data from boot loaders. */
#define INFO 0x9000
#define INFO_MOST 0x10000
#define FIRMWARE 0xe0000
#define FIRMWARE_MOST 0x20000
#define KERNEL 0x1000000
#define RAM_END 0x8000000

static void put(uint64_t address, const uint8_t *data, size_t size, size_t most) {
  memcpy(memory + address, data, size < most ? size : most);
}

static void give_ram(void) {
  handover_bootInfo_addMemoryRange(0, 0x9fc00, 1);
  handover_bootInfo_addMemoryRange(0x100000, RAM_END, 1);
}

static void fuzz_multiboot(const uint8_t *data, size_t size) {
  put(INFO, data, size, INFO_MOST);
  boot_boot_readBootInfo(0x2badb002, INFO);
}

static void fuzz_multiboot2(const uint8_t *data, size_t size) {
  put(INFO, data, size, INFO_MOST);
  boot_boot_readBootInfo(0x36d76289, INFO);
}

static void fuzz_zeroPage(const uint8_t *data, size_t size) {
  put(INFO, data, size, INFO_MOST);
  boot_boot_readBootInfo(0x53726448, INFO);
}

/* The archive ends at the end of memory, so that a read behind it faults. */
static void fuzz_bundle(const uint8_t *data, size_t size) {
  const uint64_t start = MEMORY_BYTES - size;
  put(start, data, size, size);
  boot_bundle_bundle_readBundle(bytes_window(start, (uint32_t)size));
}

/* Wrong checksums would end each run early, so those of the tables, one each 256 bytes, are corrected. */
static void mend_checksums(void) {
  for (uint64_t table = FIRMWARE; table < FIRMWARE + 0x1000; table += 0x100) {
    const int is_pointer = memcmp(memory + table, "RSD PTR ", 8) == 0;
    uint32_t length;
    memcpy(&length, memory + table + 4, 4);
    if (is_pointer) length = 20;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length && i < 0x1000; i++) sum += memory[table + i];
    memory[table + (is_pointer ? 8 : 9)] -= sum;
  }
}

static void fuzz_acpi(const uint8_t *data, size_t size) {
  put(FIRMWARE, data, size, FIRMWARE_MOST);
  mend_checksums();
  machine_acpi_readAcpi();
  machine_madt_readProcessors();
  machine_fadt_powerTimerPort();
  machine_fadt_powerTimerMask();
  time_hpet_startHpet();
}

/* EFI's system table, and its configuration tables from 0x100 on. */
static void fuzz_systemTable(const uint8_t *data, size_t size) {
  put(INFO, data, size, INFO_MOST);
  const uint64_t found = handover_efiConfiguration_rsdpOfSystemTable(INFO);
  handover_bootInfo_bootInfo.rsdp = found;
  machine_acpi_readAcpi();
}

/* Copies a device path, whose length only its last node shows, to the end of memory. */
static void fuzz_devicePath(const uint8_t *data, size_t size) {
  put(INFO, data, size, INFO_MOST);
  const uint32_t length = guest_efi_chain_copyNodes(INFO, bytes_window(MEMORY_BYTES - 0x2000, 0x2000));
  if (length > 0x800 || memcmp(memory + INFO, memory + MEMORY_BYTES - 0x2000, length) != 0) abort();
}

/*
 * Memory of exactly `bytes` bytes. It ends at the end of memory, so that a write behind it faults; the bytes in front of it are
 * guards.
 */
#define GUARDS 4096
#define GUARD 0xa5

static Bytes exact_place(uint64_t bytes) {
  if (bytes > MEMORY_BYTES / 2) abort();
  memset(memory + MEMORY_BYTES - bytes - GUARDS, GUARD, GUARDS);
  return bytes_window(MEMORY_BYTES - bytes, (uint32_t)bytes);
}

static void check_guards(Bytes place) {
  for (uint64_t i = 1; i <= GUARDS; i++)
    if (memory[place.start - i] != GUARD) abort();
}

/* The first two bytes are the size of a descriptor. */
static void fuzz_efiMap(const uint8_t *data, size_t size) {
  if (size < 2) return;
  const uint64_t start = MEMORY_BYTES - (size - 2);
  put(start, data + 2, size - 2, size);
  machine_efiMemoryMap_keepEfiMap(start, (uint32_t)(size - 2), (uint32_t)(data[0] | data[1] << 8), 1);
  machine_efiMemoryMap_addEfiRanges();
  handover_bootInfo_bootInfo.efi.systemTable = 0x1000;
  machine_memoryMap_readMemoryMap();
  machine_memoryMap_highestFree(0x200000, MEMORY_BYTES, 0x200000);
  machine_memoryMap_hideRange(0x400000, 0x200000);
  const Bytes place = exact_place(guest_efi_map_efiMapBytesMost());
  guest_efi_map_writeEfiInfo(bytes_window(INFO, 4096), place);
  check_guards(place);
}

/* A BIOS memory map, with ranges of 20 bytes. */
static void fuzz_memoryMap(const uint8_t *data, size_t size) {
  for (size_t offset = 0; offset + 20 <= size; offset += 20) {
    uint64_t start, end;
    uint32_t kind;
    memcpy(&start, data + offset, 8);
    memcpy(&end, data + offset + 8, 8);
    memcpy(&kind, data + offset + 16, 4);
    handover_bootInfo_addMemoryRange(start, end, kind);
  }
  machine_memoryMap_readMemoryMap();
  machine_memoryMap_hideRange(0x400000, 0x200000);
  for (uint32_t i = 1; i < machine_memoryMap_memoryMap.count; i++)
    if (machine_memoryMap_memoryMap.ranges.at[i].start < machine_memoryMap_memoryMap.ranges.at[i - 1].end) abort();
  const uint64_t found = machine_memoryMap_highestFree(0x10000, MEMORY_BYTES, 0x1000);
  if (found != 0 && !machine_memoryMap_isAvailable(found, 0x10000)) abort();
  const Bytes place = exact_place(guest_memory_guestMap_extensionBytes());
  guest_memory_guestMap_writeMemoryMap(bytes_window(INFO, 4096), place);
  check_guards(place);
}

/* A kernel of any kind, followed by an initrd. */
static void fuzz_kernel(const uint8_t *data, size_t size) {
  static struct ProcessorState state;
  static struct Registers registers;
  give_ram();
  machine_memoryMap_readMemoryMap();
  put(KERNEL, data, size, INFO_MOST);
  handover_bootInfo_bootInfo.parts.at[0].start = KERNEL;
  handover_bootInfo_bootInfo.parts.at[0].end = KERNEL + size;
  handover_bootInfo_bootInfo.parts.at[1].start = KERNEL + size;
  handover_bootInfo_bootInfo.parts.at[1].end = KERNEL + size + 4096;
  guest_guest_loadGuest(&state, &registers);
}

/* The same parser with other seeds. */
static void fuzz_multibootKernel(const uint8_t *data, size_t size) { fuzz_kernel(data, size); }

static void fuzz_options(const uint8_t *data, size_t size) {
  const uint64_t start = MEMORY_BYTES - size;
  put(start, data, size, size);
  if (handover_bootInfo_setText(&handover_bootInfo_bootInfo.options, bytes_window(start, (uint32_t)size)))
    machine_options_parseOptions();
}

static void fuzz_loadOptions(const uint8_t *data, size_t size) {
  if (size < 2 || size > 4098) return;
  const uint64_t start = MEMORY_BYTES - size;
  put(start, data, size, size);
  boot_efi_loadOptions_takeOptions(bytes_window(start, (uint32_t)size));
}

#define TARGET(name) {#name, fuzz_##name}
static const struct target {
  const char *name;
  void (*run)(const uint8_t *data, size_t size);
} targets[] = {
    TARGET(multiboot),   TARGET(multiboot2),  TARGET(zeroPage),        TARGET(bundle),  TARGET(acpi), TARGET(efiMap),
    TARGET(memoryMap),   TARGET(kernel),      TARGET(multibootKernel), TARGET(options), TARGET(loadOptions),
    TARGET(systemTable), TARGET(devicePath),
};
static const struct target *target;

int LLVMFuzzerInitialize(int *count, char ***words) {
  (void)count, (void)words;
  const char *name = getenv("TSVM_FUZZ");
  for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
    if (name != NULL && strcmp(targets[i].name, name) == 0) target = &targets[i];
  if (target == NULL) {
    fprintf(stderr, "TSVM_FUZZ names none of the parsers\n");
    exit(2);
  }
  memory = mmap(NULL, MEMORY_BYTES + FAULTING_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, MEMORY_BYTES, PROT_READ | PROT_WRITE) != 0) abort();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  clear_instances();
  if (setjmp(ending) == 0) target->run(data, size);
  madvise(memory, MEMORY_BYTES, MADV_DONTNEED);
  return 0;
}
