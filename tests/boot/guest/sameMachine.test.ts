import t, { type Test } from 'tap';
import { boot, sectionsOf } from '../../support/machines/harness.js';

interface Compared {
  readonly machine: string;
  readonly memory: string;
  readonly cpus?: number;
  readonly uefi?: boolean;
  readonly extra: readonly string[];
}

/** A machine with RAM above 4 GiB and a device whose 8 GiB of memory lie above all RAM. */
const HIGH = { machine: 'q35', memory: '6G', extra: ['-device', 'pci-testdev,membar=8G'] };
const UEFI = { machine: 'q35', memory: '6G', cpus: 2, uefi: true, extra: [] };
const MACHINES: readonly Compared[] = [
  { machine: 'pc', memory: '1G', extra: [] },
  { machine: 'q35', memory: '1G', extra: [] },
  HIGH,
  UEFI,
];

/** The guest's reports about a machine, bare and under the hypervisor. */
async function reports(machine: Compared) {
  // With time counted in instructions, the clock rates that Linux measures do not depend on the load of the host. With two
  // processors this would take far too long.
  const icount = machine.cpus === undefined;
  const options = { ...machine, icount, append: 'console=ttyS0 quiet tsvm.run=report' };
  const bare = await boot({ ...options, image: null });
  const guest = await boot(options);
  return { bare: sectionsOf(bare.serial), guest: sectionsOf(guest.serial) };
}

function sameSection(t: Test, name: string, { bare, guest }: Awaited<ReturnType<typeof reports>>): void {
  t.ok((bare.get(name)?.length ?? 0) > 0, `the bare machine reports ${name}`);
  t.same(guest.get(name), bare.get(name), name);
}

/** Lines of the kernel's log about devices, memory types, interrupts and the processor, but not about memory or time. */
const ABOUT_THE_MACHINE =
  /^(ACPI|AMD|APIC|Booting|DMI|HPET|IOAPIC|Last level|MTRR|NR_IRQS|NX|PCI|PM: |Perf|SMBIOS|Serial|Spectre|Using GB|\.\.TIMER|\d\d:|acpi|ata|efi|hpet|i8042|iommu|pci|pnp|scsi|serio|smpboot: CPU|vgaarb|x86\/)/;

/** Removes sleep states from a line: the guest has only S5, which switches the machine off. */
const withoutSleep = (line: string) => line.replace(/^(ACPI: PM: \(supports S0) .*(S5\))$/, '$1 $2');

const ABOUT_TIME_OR_RAM = /^PM: hibernation|^efi: .*MEMATTR|^efi: Freeing|calibration|adjusted to PM-Timer/;

function logLines(section: readonly string[] = []): string[] {
  return section
    .map((line) => line.replace(/^<\d+>\[[ \d.]+\] /, ''))
    .filter((line) => ABOUT_THE_MACHINE.test(line) && !ABOUT_TIME_OR_RAM.test(line));
}

function describe({ machine, memory, cpus = 1, uefi = false, extra }: Compared): string {
  return [machine, memory, `${cpus} CPU`, uefi ? 'UEFI' : 'BIOS', ...extra].join(' ');
}

/** Compares EFI variables, configuration tables, and the memory of runtime services and of ACPI's sleep states. */
function sameFirmware(t: Test, both: Awaited<ReturnType<typeof reports>>): void {
  sameSection(t, 'efi', both);
  t.match(both.guest.get('efi')?.join('\n'), /^BootOrder-[^]*^ACPI20=0x[^]*^0x6$/m);
  const kept = both.guest.get('iomem')?.filter((line) => line.endsWith('ACPI Non-volatile Storage'));
  t.ok((kept?.length ?? 0) > 1, 'ranges of ACPI NVS, which are among the memory of devices below');
}

for (const machine of MACHINES) {
  t.test(`the guest sees the machine as it is: ${describe(machine)}`, async (t) => {
    const both = await reports(machine);
    for (const name of ['devices', 'ioports', 'mtrr', 'memtypes']) sameSection(t, name, both);
    if (machine.uefi === true) sameFirmware(t, both);

    // One adapter's ROM is the emulator's boot loader, which differs for a Multiboot image.
    const devicesAndRoms = (lines: readonly string[] = []) =>
      lines.filter((line) => !/System RAM|Kernel|Reserved|Adapter ROM/.test(line));
    t.same(devicesAndRoms(both.guest.get('iomem')), devicesAndRoms(both.bare.get('iomem')), 'memory of devices');

    const interruptNames = (lines: readonly string[] = []) => lines.map((line) => line.replace(/:(\s+\d+)+/, ':'));
    t.same(interruptNames(both.guest.get('interrupts')), interruptNames(both.bare.get('interrupts')), 'interrupts');

    const cpuFacts = (lines: readonly string[] = []) => lines.filter((line) => !/MHz|bogomips/.test(line));
    t.same(cpuFacts(both.guest.get('cpu')), cpuFacts(both.bare.get('cpu')), 'processor');

    t.same(logLines(both.guest.get('dmesg')), logLines(both.bare.get('dmesg')).map(withoutSleep), 'the kernel’s log');
  });
}

t.test('only what the hypervisor keeps is missing from the guest’s memory', async (t) => {
  const { bare, guest } = await reports({ machine: 'pc', memory: '1G', extra: [] });
  const ram = (lines: readonly string[] = []) =>
    lines
      .map((line) => /^([0-9a-f]+)-([0-9a-f]+) : System RAM/.exec(line))
      .reduce(
        (sum, match) => (match === null ? sum : sum + parseInt(match[2] ?? '', 16) - parseInt(match[1] ?? '', 16) + 1),
        0,
      );
  const missing = ram(bare.get('iomem')) - ram(guest.get('iomem'));
  t.ok(missing > 0, 'something is kept');
  t.ok(missing <= 6 << 20, `${missing} bytes are kept`);
});
