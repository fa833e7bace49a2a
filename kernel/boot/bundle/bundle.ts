/**
 * A bundle: a cpio archive with a guest. Its entries are `guest/kernel`; `guest/initrd` and `guest/cmdline`, which may
 * be missing; and `guest/digests`, which lists the digests of the others. `guest/options` holds the hypervisor's
 * options and is allowed only in the bundle of the image. `guest/policy` is refused, since this version cannot enforce
 * one. Entries outside `guest/` are ignored.
 */
import {
  addressOf,
  arr,
  at,
  fillMemory,
  instance,
  list,
  requires,
  STRING,
  struct,
  subSat64,
  u32,
  u64,
  window,
  type Bytes,
} from '../../../transpiler/lib/index.js';
import { beginLine, print, printBytes } from '../../report/console.js';
import { fail, stop } from '../../report/fail.js';
import { bootInfo, GUEST_PARTS, GuestPart, isGiven, Part, setText } from '../../handover/bootInfo.js';
import {
  Found,
  isArchive,
  KIND_MASK,
  Member,
  memberName,
  nameIs,
  nameStartsWith,
  readMember,
  REGULAR_FILE,
} from './cpio.js';
import { checkDigest, DigestCheck } from './digests.js';
import { givePart } from './parts.js';
import { positionOf } from '../../handover/text.js';

const ENTRIES = list(STRING, [
  'guest/kernel',
  'guest/initrd',
  'guest/policy',
  'guest/cmdline',
  'guest/options',
  'guest/digests',
]);
const ENTRY_COUNT = 6;
const POLICY = 2;
const COMMAND_LINE = 3;
const OPTIONS = 4;
const DIGESTS = 5;
const ENTRIES_BYTES = 96n;

const NEWLINE = 0x0a;

const Entries = struct('BundleEntries', { size: 96 }, { parts: at(0, arr(Part, ENTRY_COUNT)) });
const entries = instance(Entries, { align: 8 });
const member = instance(Member, { align: 8 });

/**
 * Reads the guest from `archive`, which a boot loader gave. Stops start-up if the archive is damaged or none at all, or
 * if a digest is wrong or missing.
 */
export function readBundle(archive: Bytes): void {
  checkEntries(archive);
  if (isThere(OPTIONS))
    refuseEntry(OPTIONS, 'counts in the image only: give its words on the command line, or pack all into one file');
  takeGuest();
}

/** Reads the options from `archive`, the bundle of the image, and the guest unless a boot loader gave one. */
export function readPackedBundle(archive: Bytes): void {
  checkEntries(archive);
  if (isThere(OPTIONS)) {
    checkEntry(OPTIONS);
    if (!setText(bootInfo.packedOptions, lineOf(OPTIONS))) refuseEntry(OPTIONS, 'is longer than 2,048 bytes');
  }
  const hasGuest = isThere(GuestPart.kernel) || isThere(GuestPart.initrd) || isThere(COMMAND_LINE);
  if ((hasGuest || !isThere(OPTIONS)) && !isGiven(GuestPart.kernel)) takeGuest();
}

function takeGuest(): void {
  if (!isThere(GuestPart.kernel)) fail('an initrd without a kernel: the archive that was given has no guest/kernel');
  for (let i: u32 = 0; i < DIGESTS; i++) {
    if (isThere(i)) checkEntry(i);
  }
  giveEntry(GuestPart.kernel);
  giveEntry(GuestPart.initrd);
  giveCommandLine();
}

/** Records the entries of `archive`. Stops start-up if one of them is not supported. */
function checkEntries(archive: Bytes): void {
  if (!isArchive(archive)) fail('the bundle is no cpio archive in the newc format');
  fillMemory(addressOf(entries), 0, ENTRIES_BYTES);
  let found: Found = readMember(archive, 0, member);
  while (found === Found.member) {
    if (nameStartsWith(member, 'guest/')) noteEntry();
    found = readMember(archive, member.next, member);
  }
  if (found === Found.damaged) fail('the bundle is damaged or truncated');
  if (isThere(POLICY)) refuseEntry(POLICY, 'cannot be enforced by this version: make the bundle without a policy');
}

function noteEntry(): void {
  const number = entryNumber();
  if (number >= ENTRY_COUNT) refuseMember('is not known');
  const entry = entries.parts.at(number);
  if (entry.end !== 0n) refuseMember('is there twice');
  if ((member.mode & KIND_MASK) !== REGULAR_FILE) refuseMember('is no file');
  entry.start = member.start;
  entry.end = member.end;
}

function entryNumber(): u32 {
  for (let i: u32 = 0; i < ENTRY_COUNT; i++) {
    if (nameIs(member, ENTRIES.get(i))) return i;
  }
  return ENTRY_COUNT;
}

function isThere(number: u32): boolean {
  requires(number < ENTRY_COUNT);
  return entries.parts.at(number).end !== 0n;
}

function contentOf(number: u32): Bytes {
  requires(number < ENTRY_COUNT);
  const entry = entries.parts.at(number);
  return window(entry.start, u32(subSat64(u64(entry.end), u64(entry.start))));
}

function checkEntry(number: u32): void {
  requires(number < ENTRY_COUNT);
  if (!isThere(DIGESTS)) fail('the bundle has no digests: guest/digests is missing');
  const check = checkDigest(contentOf(DIGESTS), ENTRIES.get(number), contentOf(number));
  if (check === DigestCheck.wrong)
    refuseEntry(number, 'has another digest than guest/digests says: the bundle is damaged');
  if (check === DigestCheck.missing) refuseEntry(number, 'has no digest in guest/digests');
}

function giveEntry(part: u32): void {
  requires(part < GUEST_PARTS);
  const entry = entries.parts.at(part);
  if (entry.end !== 0n) givePart(part, entry.start, entry.end);
}

function giveCommandLine(): void {
  if (!isThere(COMMAND_LINE)) return;
  if (!setText(bootInfo.commandLine, lineOf(COMMAND_LINE))) refuseEntry(COMMAND_LINE, 'is longer than 2,048 bytes');
}

/** The single line of an entry, without the newline at its end. */
function lineOf(number: u32): Bytes {
  requires(number < ENTRY_COUNT);
  const content = contentOf(number);
  const line = content.part(0, positionOf(content, NEWLINE));
  if (line.length + 1 < content.length) refuseEntry(number, 'has more than one line');
  return line;
}

function refuseEntry(number: u32, reason: string): never {
  requires(number < ENTRY_COUNT);
  beginLine();
  print(ENTRIES.get(number));
  print(' ');
  print(reason);
  stop();
}

function refuseMember(reason: string): never {
  beginLine();
  print('the bundle: ');
  printBytes(memberName(member));
  print(' ');
  print(reason);
  stop();
}
