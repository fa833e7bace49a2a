/** Device paths, the names that UEFI firmware uses (UEFI Specification 2.10, chapter 10). */
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

/** Types and sub-types of nodes (10.3). */
export const Node = { hardware: 1, media: 4, end: 0x7f } as const;
export const SubNode = { memoryMapped: 3, vendorMedia: 3, file: 4, end: 0xff } as const;

/** Length of a node's header: type, sub-type, and length in two bytes. */
export const NODE_BYTES = 4;

/** Upper bound of offsets in a path; no path here comes near it. */
const PATH_MOST = 0x1_0000;

const INITRD_NODE_BYTES = 20;
const INITRD_PATH_BYTES = 24;

const InitrdPath = struct(
  'InitrdPath',
  { size: 40 },
  {
    bytes: at(0, arr(U8, INITRD_PATH_BYTES)),
    /**
     * Memory for the firmware's answers: the address of the path, which becomes the part that was not used; and the
     * handle that it found.
     */
    rest: at(24, U64),
    handle: at(32, U64),
  },
);
const initrdPath = instance(InitrdPath, { align: 8 });

/** Writes the header of a node at `offset`. */
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

/** The handle that offers a file under the initrd's path; 0 if there is none. */
export function initrdHandle(): u64 {
  initrdPath.rest = u64(initrdDevicePath());
  initrdPath.handle = 0n;
  const rest = u64(addressOf(initrdPath) + 24n);
  const service = bootServices().locateDevicePath;
  const guid = guidAt(LOAD_FILE2_LOW, LOAD_FILE2_HIGH);
  const status = efiCall(service, guid, rest, u64(rest + 8n), 0n, 0n, 0n, 0n);
  return status === EFI_SUCCESS && initrdPath.rest === u64(initrdPathEnd()) ? initrdPath.handle : 0n;
}

/** The end node of the initrd's path. That node remains if a handle matches the whole path. */
export function initrdPathEnd(): Hpa {
  return hpa(addressOf(initrdPath) + u64(INITRD_NODE_BYTES));
}
