/** Device paths: how UEFI firmware names things (UEFI Specification 2.10, chapter 10). */
import {
  addressOf,
  arr,
  at,
  hpa,
  instance,
  requires,
  struct,
  U64,
  U8,
  u64,
  window,
  type Bytes,
  type Hpa,
  type u16,
  type u32,
  type u8,
} from '../../../transpiler/lib/index.js';
import { efiCall } from '../../handover/efiCalls.js';
import { bootServices, guidAt } from '../../handover/efiServices.js';
import {
  EFI_SUCCESS,
  INITRD_MEDIA_HIGH,
  INITRD_MEDIA_LOW,
  LOAD_FILE2_HIGH,
  LOAD_FILE2_LOW,
} from '../../handover/efiTables.js';

/** Kinds and sub-kinds of nodes (10.3). */
export const Node = { hardware: 1, media: 4, end: 0x7f } as const;
export const SubNode = { memoryMapped: 3, vendorMedia: 3, file: 4, end: 0xff } as const;

/** What each node starts with: kind, sub-kind, length in two bytes. */
export const NODE_BYTES = 4;

/** A longer path than any that is written here. */
const PATH_MOST = 0x1_0000;

const INITRD_NODE_BYTES = 20;
const INITRD_PATH_BYTES = 24;

const InitrdPath = struct(
  'InitrdPath',
  { size: 40 },
  {
    bytes: at(0, arr(U8, INITRD_PATH_BYTES)),
    /** For the firmware: where the path starts, then what is left of it; and the handle that it found. */
    rest: at(24, U64),
    handle: at(32, U64),
  },
);
const initrdPath = instance(InitrdPath, { align: 8 });

/** Writes the start of a node at `offset`. */
export function putNode(path: Bytes, offset: u32, kind: u8, subKind: u8, bytes: u16): void {
  requires(offset <= PATH_MOST && offset + NODE_BYTES <= path.length);
  path.setU8(offset, kind);
  path.setU8(offset + 1, subKind);
  path.setU16(offset + 2, bytes);
}

/** Writes the node that ends a path. */
export function putEnd(path: Bytes, offset: u32): void {
  requires(offset <= PATH_MOST && offset + NODE_BYTES <= path.length);
  putNode(path, offset, Node.end, SubNode.end, NODE_BYTES);
}

/** The path under which Linux looks for its initrd (Linux, Documentation/admin-guide/efi-stub.rst). */
export function initrdDevicePath(): Hpa {
  const path = window(addressOf(initrdPath.bytes), INITRD_PATH_BYTES);
  putNode(path, 0, Node.media, SubNode.vendorMedia, INITRD_NODE_BYTES);
  path.setU64(NODE_BYTES, INITRD_MEDIA_LOW);
  path.setU64(NODE_BYTES + 8, INITRD_MEDIA_HIGH);
  putEnd(path, INITRD_NODE_BYTES);
  return path.start;
}

/** The handle of whatever gives a file under that path; 0 where nothing does. */
export function initrdHandle(): u64 {
  initrdPath.rest = u64(initrdDevicePath());
  initrdPath.handle = 0n;
  const rest = u64(addressOf(initrdPath) + 24n);
  const service = bootServices().locateDevicePath;
  const guid = guidAt(LOAD_FILE2_LOW, LOAD_FILE2_HIGH);
  const status = efiCall(service, guid, rest, u64(rest + 8n), 0n, 0n, 0n, 0n);
  return status === EFI_SUCCESS && initrdPath.rest === u64(initrdPathEnd()) ? initrdPath.handle : 0n;
}

/** The end of that path, which is what is left of it where all of it leads to a protocol. */
export function initrdPathEnd(): Hpa {
  return hpa(addressOf(initrdPath) + u64(INITRD_NODE_BYTES));
}
