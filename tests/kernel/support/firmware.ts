/** UEFI firmware in Node: its tables in memory, and its services as far as the hypervisor calls them. */
import { crc32 } from 'node:zlib';
import { window } from '../../../transpiler/lib/index.js';
import { simulate } from '../../../transpiler/lib/testing.js';
import {
  AUTHENTICATE,
  AUTHENTICATION_ENTRY,
  BOOT_SERVICES,
  CONFIGURATIONS,
  CONSOLE,
  COUNT_PROCESSORS,
  DEVICE_HANDLE,
  DEVICE_PATH,
  FREE_END,
  FREE_START,
  GET_VARIABLE,
  Guid,
  LOAD_FILE,
  LOAD_FILE_ENTRY,
  LOAD_OPTIONS,
  MEMORY_BYTES,
  MP_SERVICES,
  NEW_HANDLE,
  NEW_IMAGE,
  OFFERED,
  OUTPUT_STRING,
  OWN_HANDLE,
  OWN_IMAGE,
  PROCESSOR_ENTRY,
  RUNTIME_SERVICES,
  SECURITY,
  SERVICE_BASE,
  SERVICES,
  START_PROCESSORS,
  Status,
  SYSTEM_TABLE,
  TELL_PROCESSOR,
  type Service,
  Halted,
  Left,
} from './firmwareTables.js';
import { powerOn, viewOf } from './startup.js';

export class Firmware {
  /** All that the console showed. */
  shown = '';
  /** Pages that are taken, by their first address. */
  readonly taken = new Map<bigint, { readonly pages: bigint; readonly kind: bigint }>();
  /** The order of services that were called. */
  readonly calls: string[] = [];
  readonly memory = powerOn(MEMORY_BYTES);
  readonly view = viewOf(this.memory);
  /** Services that fail, and how. */
  readonly failing = new Map<Service, bigint>();
  /** Protocols of handles: `HANDLE:GUID`. */
  readonly protocols = new Map<string, bigint>();
  /** Who offers an initrd, and what. */
  initrd: { handle: bigint; content: Uint8Array } | null = null;
  /** What LoadImage was given. */
  loaded: { path: Buffer; source: Buffer | null } | null = null;
  /** When it would reset the machine: five minutes after an application has started (UEFI 2.10, 3.1.2). */
  watchdogSeconds = 300n;
  /** What the other processors run, and what that is told. */
  startedAt: readonly [bigint, bigint] | null = null;
  /** CPUID Fn0000_0000, EBX. */
  vendorName = 0;
  hypercallAnswers: (isAmd: boolean) => boolean = () => false;
  /** What the variable SecureBoot holds, or the status of a question for it; null: there is none. */
  secureBoot: Uint8Array | bigint | null = null;
  /** What the hypervisor lets pass, in the order in which it said so. */
  readonly vouched: (readonly [bigint, bigint, bigint])[] = [];
  /** Where the firmware went to authenticate each image that it loaded. */
  readonly askedWhileLoading: bigint[] = [];
  whileGuestRuns: () => void = () => undefined;
  private free = FREE_END;
  private processors: readonly (() => void)[] = [];
  private apicIds: readonly bigint[] = [];
  private disabled = 0;

  constructor() {
    this.protocols.set(`${OWN_HANDLE}:${Guid.loadedImage}`, BigInt(OWN_IMAGE));
    this.protocols.set(`${NEW_HANDLE}:${Guid.loadedImage}`, BigInt(NEW_IMAGE));
    this.protocols.set(`${DEVICE_HANDLE}:${Guid.devicePath}`, BigInt(DEVICE_PATH));
    this.view.setBigUint64(OWN_IMAGE + 24, DEVICE_HANDLE, true);
    // A PCI root and the end of the path.
    this.memory.set([2, 1, 12, 0, 0xd0, 0x41, 3, 0x0a, 0, 0, 0, 0, 0x7f, 0xff, 4, 0], DEVICE_PATH);
    this.view.setBigUint64(CONSOLE + 8, OUTPUT_STRING, true);
    this.putTable(BOOT_SERVICES, 0x5652_4553_544f_4f42n, 376, (table) => {
      for (const offset of Object.values(SERVICES)) this.put(table + offset, SERVICE_BASE + BigInt(offset));
    });
    this.put(RUNTIME_SERVICES + 72, GET_VARIABLE);
    this.putSystemTable();
    const services = { efiCall: this.call.bind(this), efiLeave: this.leave.bind(this) };
    simulate({
      ...services,
      efiLoadFileEntry: () => LOAD_FILE_ENTRY,
      efiProcessorEntry: () => PROCESSOR_ENTRY,
      efiAuthenticationEntry: () => AUTHENTICATION_ENTRY,
      efiVouch: (...file: readonly [bigint, bigint, bigint]) => void this.vouched.push(file),
      hypercallAnswers: (isAmd: boolean) => this.hypercallAnswers(isAmd),
      markAllocation: () => undefined,
      cpuid: () => ({ eax: 0, ebx: this.vendorName, ecx: 0, edx: 0 }),
      in8: () => 0xff,
      out8: () => undefined,
      haltForever: () => {
        throw new Halted('halted');
      },
    });
  }

  /** Writes the system table; `change` makes it another one before its checksum is made. */
  putSystemTable(change: (table: number) => void = () => undefined): void {
    this.putTable(SYSTEM_TABLE, 0x5453_5953_2049_4249n, 120, (table) => {
      this.put(table + 64, BigInt(CONSOLE));
      this.put(table + 88, BigInt(RUNTIME_SERVICES));
      this.put(table + 96, BigInt(BOOT_SERVICES));
      this.put(table + 112, BigInt(CONFIGURATIONS));
      change(table);
    });
  }

  /** Adds a configuration table. */
  configure(guidLow: bigint, guidHigh: bigint, table: bigint): void {
    const count = this.view.getBigUint64(SYSTEM_TABLE + 104, true);
    const entry = CONFIGURATIONS + Number(count) * 24;
    this.put(entry, guidLow);
    this.put(entry + 8, guidHigh);
    this.put(entry + 16, table);
    this.putSystemTable((system) => this.put(system + 104, count + 1n));
  }

  /** Gives the hypervisor's image load options. */
  giveOptions(options: Uint8Array): void {
    this.memory.set(options, LOAD_OPTIONS);
    this.view.setUint32(OWN_IMAGE + 48, options.length, true);
    this.put(OWN_IMAGE + 56, BigInt(LOAD_OPTIONS));
  }

  /** The load options of the image that was loaded. */
  newOptions(): string {
    const bytes = this.view.getUint32(NEW_IMAGE + 48, true);
    return this.bytesAt(this.view.getBigUint64(NEW_IMAGE + 56, true), bytes).toString('utf16le');
  }

  /** The status with which `action` gave the machine back, or that it halted; null where it came to its end. */
  endOf(action: () => void): bigint | 'halted' | null {
    try {
      action();
      return null;
    } catch (error) {
      if (error instanceof Halted) return 'halted';
      if (!(error instanceof Left)) throw error;
      return error.status;
    }
  }

  /** What the initrd is for a kernel that asks for it; null where nobody offers one. */
  offered(): { start: bigint; bytes: bigint; entry: bigint } | null {
    const protocol = this.initrd === null ? undefined : this.protocols.get(`${this.initrd.handle}:${Guid.loadFile2}`);
    if (protocol === undefined) return null;
    const fields = window(protocol, 24);
    return { entry: fields.u64(0), start: fields.u64(8), bytes: fields.u64(16) };
  }

  bytesAt(address: bigint, length: number): Buffer {
    const bytes = window(address, length);
    return Buffer.from(Array.from({ length }, (_, i) => bytes.u8(i)));
  }

  private put(address: number, value: bigint): void {
    this.view.setBigUint64(address, value, true);
  }

  private putTable(address: number, signature: bigint, bytes: number, fill: (table: number) => void): void {
    this.put(address, signature);
    this.view.setUint32(address + 8, 0x0002_0046, true);
    this.view.setUint32(address + 12, bytes, true);
    this.view.setUint32(address + 16, 0, true);
    fill(address);
    this.view.setUint32(address + 16, crc32(this.memory.subarray(address, address + bytes)), true);
  }

  private leave(status: bigint): never {
    throw new Left(status);
  }

  private call(service: bigint, ...given: bigint[]): bigint {
    if (service === OUTPUT_STRING) return this.output(given[1] ?? 0n);
    if (service === COUNT_PROCESSORS) return this.countProcessors(given[1] ?? 0n, given[2] ?? 0n);
    if (service === START_PROCESSORS) return this.startProcessors(given[1] ?? 0n, given[5] ?? 0n);
    if (service === TELL_PROCESSOR) return this.tellProcessor(given[1] ?? 0n, given[2] ?? 0n);
    if (service === GET_VARIABLE) return this.getVariable(given[0] ?? 0n, given[3] ?? 0n, given[4] ?? 0n);
    if (service === LOAD_FILE) return this.loadFile(given[3] ?? 0n, given[4] ?? 0n);
    const found = Object.entries(SERVICES).find(([, offset]) => service === SERVICE_BASE + BigInt(offset));
    if (found === undefined) throw new Error(`the firmware has nothing at 0x${service.toString(16)}`);
    const name = found[0] as Service;
    this.calls.push(name);
    return this.failing.get(name) ?? this[name](...(given as [bigint, bigint, bigint, bigint, bigint, bigint]));
  }

  private output(text: bigint): bigint {
    for (let place = text; ; place += 2n) {
      const unit = window(place, 2).u16(0);
      if (unit === 0) return Status.success;
      this.shown += String.fromCharCode(unit);
    }
  }

  private allocatePages(how: bigint, kind: bigint, pages: bigint, place: bigint): bigint {
    const wanted = window(place, 8).u64(0);
    const start = how === 2n ? wanted : this.highest(pages, wanted);
    if (start < FREE_START) return Status.outOfResources;
    this.taken.set(start, { pages, kind });
    window(place, 8).setU64(0, start);
    return Status.success;
  }

  private highest(pages: bigint, most: bigint): bigint {
    const end = this.free - 1n < most ? this.free : most + 1n;
    const lowest = [...this.taken.keys()].reduce((low, start) => (start < low ? start : low), end);
    return lowest - pages * 4096n;
  }

  private freePages(start: bigint, pages: bigint): bigint {
    if (this.taken.get(start)?.pages !== pages)
      throw new Error(`nobody took ${pages} pages at 0x${start.toString(16)}`);
    this.taken.delete(start);
    return Status.success;
  }

  /** One range, all of it free, in a descriptor that is longer than what is known. */
  private getMemoryMap(bytes: bigint, map: bigint, _key: bigint, step: bigint, version: bigint): bigint {
    const room = window(bytes, 8).u64(0);
    window(bytes, 8).setU64(0, 48n);
    window(step, 8).setU64(0, 48n);
    window(version, 4).setU32(0, 1);
    if (room < 48n) return Status.bufferTooSmall;
    const descriptor = window(map, 48);
    descriptor.setU32(0, 7);
    descriptor.setU64(8, FREE_START);
    descriptor.setU64(24, (FREE_END - FREE_START) / 4096n);
    descriptor.setU64(32, 0xfn);
    return Status.success;
  }

  private handleProtocol(handle: bigint, guid: bigint, place: bigint): bigint {
    const protocol = this.protocols.get(`${handle}:${window(guid, 4).u32(0)}`);
    if (protocol === undefined) return Status.unsupported;
    window(place, 8).setU64(0, protocol);
    return Status.success;
  }

  private locateProtocol(guid: bigint, _registration: bigint, place: bigint): bigint {
    const name = `:${window(guid, 4).u32(0)}`;
    const found = [...this.protocols].find(([key]) => key.endsWith(name));
    if (found === undefined) return Status.notFound;
    window(place, 8).setU64(0, found[1]);
    return Status.success;
  }

  private locateDevicePath(_guid: bigint, path: bigint, place: bigint): bigint {
    if (this.initrd === null) return Status.notFound;
    window(path, 8).setU64(0, window(path, 8).u64(0) + 20n);
    window(place, 8).setU64(0, this.initrd.handle);
    return Status.success;
  }

  private installProtocol(place: bigint, guid: bigint, _kind: bigint, protocol: bigint): bigint {
    const handle = window(place, 8).u64(0) || 14n;
    window(place, 8).setU64(0, handle);
    const name = window(guid, 4).u32(0);
    this.protocols.set(`${handle}:${name}`, protocol);
    if (name === Guid.loadFile2) this.initrd ??= { handle, content: new Uint8Array() };
    return Status.success;
  }

  private uninstallProtocol(handle: bigint, guid: bigint, protocol: bigint): bigint {
    const name = window(guid, 4).u32(0);
    const key = `${handle}:${name}`;
    if (this.protocols.get(key) !== protocol) return Status.notFound;
    this.protocols.delete(key);
    if (name === Guid.loadFile2) this.initrd = null;
    return Status.success;
  }

  private loadImage(
    _policy: bigint,
    _parent: bigint,
    path: bigint,
    source: bigint,
    bytes: bigint,
    place: bigint,
  ): bigint {
    this.askedWhileLoading.push(this.securityFunction());
    let length = 0;
    while (this.bytesAt(path + BigInt(length), 1)[0] !== 0x7f)
      length += this.bytesAt(path, length + 4).readUInt16LE(length + 2);
    this.loaded = {
      path: this.bytesAt(path, length + 4),
      source: source === 0n ? null : this.bytesAt(source, Number(bytes)),
    };
    window(place, 8).setU64(0, NEW_HANDLE);
    return Status.success;
  }

  private startImage(): bigint {
    this.whileGuestRuns();
    return Status.unsupported;
  }

  private unloadImage(): bigint {
    return Status.success;
  }

  private setWatchdogTimer(seconds: bigint): bigint {
    this.watchdogSeconds = seconds;
    return Status.success;
  }

  private loadFile(bytes: bigint, buffer: bigint): bigint {
    const content = this.initrd?.content ?? new Uint8Array();
    const room = window(bytes, 8).u64(0);
    window(bytes, 8).setU64(0, BigInt(content.length));
    if (room < BigInt(content.length)) return Status.bufferTooSmall;
    const place = window(buffer, content.length);
    content.forEach((byte, index) => place.setU8(index, byte));
    return Status.success;
  }

  /** The firmware holds these processors beside the first, each of which does this when it is started. */
  holdProcessors(...processors: readonly (() => void)[]): void {
    this.nameProcessors([0n, ...processors.map((_, index) => BigInt(2 * index + 2))]);
    this.processors = processors;
  }

  /** The firmware has processors with these APIC IDs, and some more that it has disabled. */
  nameProcessors(apicIds: readonly bigint[], disabled = 0): void {
    this.apicIds = apicIds;
    this.disabled = disabled;
    this.put(MP_SERVICES, COUNT_PROCESSORS);
    this.put(MP_SERVICES + 8, TELL_PROCESSOR);
    this.put(MP_SERVICES + 16, START_PROCESSORS);
    this.protocols.set(`16:${Guid.mpServices}`, BigInt(MP_SERVICES));
  }

  /** The firmware has the Security2 Architectural Protocol. Returns its function. */
  holdSecurity(): bigint {
    this.put(SECURITY, AUTHENTICATE);
    this.protocols.set(`17:${Guid.security2}`, BigInt(SECURITY));
    return AUTHENTICATE;
  }

  /** Where the firmware would ask whether a file may be loaded; 0: it would not. */
  securityFunction(): bigint {
    return this.view.getBigUint64(SECURITY, true);
  }

  private getVariable(name: bigint, bytes: bigint, data: bigint): bigint {
    if (this.bytesAt(name, 22).toString('utf16le') !== 'SecureBoot\0') throw new Error('another variable is asked for');
    if (this.secureBoot === null) return Status.notFound;
    if (typeof this.secureBoot === 'bigint') return this.secureBoot;
    const room = window(bytes, 8).u64(0);
    window(bytes, 8).setU64(0, BigInt(this.secureBoot.length));
    if (room < BigInt(this.secureBoot.length)) return Status.bufferTooSmall;
    this.secureBoot.forEach((byte, index) => window(data, 1 + index).setU8(index, byte));
    return Status.success;
  }

  private countProcessors(all: bigint, enabled: bigint): bigint {
    window(enabled, 8).setU64(0, BigInt(this.apicIds.length));
    window(all, 8).setU64(0, BigInt(this.apicIds.length + this.disabled));
    return Status.success;
  }

  private tellProcessor(number: bigint, place: bigint): bigint {
    window(place, 8).setU64(0, this.apicIds[Number(number)] ?? 0n);
    return Status.success;
  }

  private startProcessors(entry: bigint, argument: bigint): bigint {
    this.startedAt = [entry, argument];
    for (const start of this.processors) start();
    return Status.success;
  }

  /** Somebody before offers an initrd. */
  offer(content: Uint8Array): void {
    this.put(OFFERED, LOAD_FILE);
    this.initrd = { handle: 15n, content };
    this.protocols.set(`15:${Guid.loadFile2}`, BigInt(OFFERED));
  }
}
