/**
 * Exported functions of the kernel that generated cases seldom complete, and why. They follow addresses that lead
 * nowhere in random memory; tests/kernel runs them with proper memory.
 */
export const notRun: Readonly<Record<string, string>> = {
  'access/msrOwners are32OwnedBy': 'reads the table of owners, at a place that few numbers are',
  'access/msrOwners ownerAt': 'reads the table of owners, at a place that few numbers are',
  'boot/efi/map readFirmwareMap': 'reads the map that the firmware gives, and from where it says',
  'boot/efi/secureBoot readSecureBoot': 'reads the table of runtime services, and from where the system table says',
  'boot/bundle/refuse refuseOverlap': 'takes two numbers of parts of the guest, which are few',
  'guest/bios/bios refuseSecondStart': 'reads what the vector of INT 15h points to',
  'guest/linux/bootBlock writeBootBlock': 'reads the setup header where the boot information says the kernel lies',
  'guest/efi/chain copyNodes': 'takes a device path, each node of which says where the next one is',
  'guest/memory/mapEntry writeMapEntry': 'takes a table of one length only',
  'guest/multiboot/multiboot loadMultiboot': 'reads the header where the boot information says the kernel lies',
  'guest/multiboot/multibootImage isMultibootImage': 'reads the header where the boot information says the kernel lies',
  'guest/multiboot/multibootImage readMultibootImage':
    'reads the header where the boot information says the kernel lies',
  'guest/linux/zeroPage writeZeroPage': 'reads the setup header where the boot information says the kernel lies',
  'instruction/fetch copyAcross': 'reads the code to which the page tables of the guest lead',
  'machine/acpi readAcpi': 'searches the memory of the firmware below 1 MiB',
  'machine/fadt sleepPort': 'takes the number of a register of sleep, which few numbers are',
  'machine/options chainedFile': 'gives a window of the words on the command line',
  'machine/pciConfiguration readConfiguration': 'takes a device, a function and a register, which few numbers are',
  'crash/backtrace printPlace': 'reads the symbol table of the image',
  'crash/symbols printCodeAddress': 'reads the symbol table of the image',
  'svm/reset/apicInterception svmInterceptApic': 'changes page tables, each entry of which has to lead to the next one',
  'vcpu/processors vcpuOf': 'leads to the memory that was taken for a processor',
  'space/trampoline writeTrampoline': 'copies code from where the image lies',
  'vmx/control/permissionMaps interceptReads':
    'takes the number of an MSR that the bitmap speaks of, which few numbers are',
  'paging/pageTables changeRights': 'walks page tables, each entry of which has to lead to the next one',
  'paging/pageTables entryOfPage': 'walks page tables, each entry of which has to lead to the next one',
  'paging/pageTables placeOfEntry': 'walks page tables, each entry of which has to lead to the next one',
  'paging/pageTables setEntry': 'walks page tables, each entry of which has to lead to the next one',
  'paging/pageTables splitAt': 'walks page tables, each entry of which has to lead to the next one',
  'space/pageRights changeRightsOfRange': 'walks page tables, each entry of which has to lead to the next one',
  'space/pageRights hidePage': 'walks page tables, each entry of which has to lead to the next one',
  'space/pageRights setRights': 'walks page tables, each entry of which has to lead to the next one',
  'svm/control/guestCode fetchInstruction': 'reads the code to which the page tables of the guest lead',
  'exits/emulate emulateStore':
    'takes the number of an owner, which few numbers are, and writes to memory where it says',
  'exits/moveString emulateMove':
    'walks the page tables of the guest, and takes the number of an owner, which few numbers are',
  'exits/regions accessRegion':
    'takes the number of an owner, which few numbers are, and accesses memory where it says',
  'observe/events eventRing': 'reads the place of the rings, which random memory seldom makes an address of memory',
  'vmx/control/guestCode fetchInstruction': 'reads the code to which the page tables of the guest lead',
};
