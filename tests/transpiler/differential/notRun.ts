/**
 * Exported functions of the kernel that generated cases seldom reach, and why. What they trust leads
 * nowhere in random memory; tests/kernel gives them memory that is as it should be.
 */
export const notRun: Readonly<Record<string, string>> = {
  'access/msrOwners are32OwnedBy': 'reads the table of owners, at a place that few numbers are',
  'access/msrOwners ownerAt': 'reads the table of owners, at a place that few numbers are',
  'boot/efiMap readFirmwareMap': 'reads the map that the firmware gives, and from where it says',
  'boot/refuse refuseOverlap': 'takes two numbers of parts of the guest, which are few',
  'guest/bios refuseSecondStart': 'reads what the vector of INT 15h points to',
  'guest/bootBlock writeBootBlock': 'reads the setup header where the boot information says the kernel lies',
  'guest/efiChain copyNodes': 'takes a device path, each node of which says where the next one is',
  'guest/mapEntry writeMapEntry': 'takes a table of one length only',
  'guest/multiboot loadMultiboot': 'reads the header where the boot information says the kernel lies',
  'guest/multibootImage isMultibootImage': 'reads the header where the boot information says the kernel lies',
  'guest/multibootImage readMultibootImage': 'reads the header where the boot information says the kernel lies',
  'guest/zeroPage writeZeroPage': 'reads the setup header where the boot information says the kernel lies',
  'machine/acpi readAcpi': 'searches the memory of the firmware below 1 MiB',
  'machine/options chainedFile': 'gives a window of the words on the command line',
  'machine/pciConfiguration readConfiguration': 'takes a device, a function and a register, which few numbers are',
  'memory/nestedPaging addPageRights': 'walks page tables, each entry of which has to lead to the next one',
  'memory/nestedPaging hidePage': 'walks page tables, each entry of which has to lead to the next one',
  'memory/nestedPaging setPageRights': 'walks page tables, each entry of which has to lead to the next one',
  'memory/pageTables placeOfEntry': 'walks page tables, each entry of which has to lead to the next one',
  'memory/pageTables setEntry': 'walks page tables, each entry of which has to lead to the next one',
  'memory/pageTables setPageEntry': 'walks page tables, each entry of which has to lead to the next one',
  'report/backtrace printPlace': 'reads the symbol table of the image',
  'report/symbols printCodeAddress': 'reads the symbol table of the image',
  'svm/apicInterception svmInterceptApic': 'changes page tables, each entry of which has to lead to the next one',
  'vcpu/processors vcpuOf': 'leads to the memory that was taken for a processor',
  'vcpu/trampoline writeTrampoline': 'copies code from where the image lies',
  'vmx/permissionMaps watchReads': 'takes the number of an MSR that the bitmap speaks of, which few numbers are',
};
