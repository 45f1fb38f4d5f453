/**
 * What each odd thing in a layer comes to. Made safe where the reference (containerd, docker, umoci)
 * has one meaning for it; refused, naming layer and entry, where it has none or where they differ.
 *
 * | in the layer | outcome |
 * | --- | --- |
 * | `./a`, `/a`, `a//b`, `a/./b`, `a/` | the plain path: everything is relative to the image's root |
 * | a `..` part in a name or a hard link's target | refused |
 * | NUL in a name, part over 255 bytes, path over 4,095 bytes | refused |
 * | name that is not UTF-8 | kept to the byte (see support/name-bytes.ts) |
 * | symlink whose target leaves the tree | kept: only ever followed inside the tree, `..` stops at its root |
 * | symlink target that is empty, over 4,095 bytes or has a NUL | refused |
 * | entry through a symlink of a lower layer | the symlink is followed inside the tree |
 * | entry through a file, or through more than 40 symlinks | refused |
 * | directory over a symlink, file over a directory, … | replaces it; only directory over directory merges |
 * | entry for the root | directory: its metadata is taken; anything else: refused |
 * | missing parent directory | made: 0755, root:root, time 0 |
 * | the same name twice | the last one holds |
 * | hard link to itself | nothing to do |
 * | hard link into the directory it replaces | the file takes the directory's place |
 * | hard link to nothing or to a directory | refused |
 * | hard link's own mode, owner, time | ignored: the file's hold |
 * | `.wh.NAME`, `.wh..wh..opq` | hides what lower layers have, wherever in the layer it stands |
 * | `.wh..wh.*` (left by AUFS), whiteouts of `.wh.*` | dropped |
 * | `.wh.`, `.wh..`, `.wh...`, `.wh.*` as a directory of a path | refused |
 * | size larger than the layer | refused: truncated |
 * | size of a link, directory, device or FIFO | ignored; no content follows |
 * | permission bits above 07777 | dropped; symlinks are always 0777 |
 * | owner below 0 or over 4,294,967,294 | refused |
 * | time with a fraction; before 1970; after 2242 | rounded down; 1970; the last ustar can say |
 * | device number over 12:20 bits | refused |
 * | attribute name empty or over 255 bytes, value over 65,536 | refused |
 * | sparse files, multi-volume, unknown entry types | refused |
 * | pax global headers | ignored, as by containerd and docker |
 * | more entries, metadata or bytes than limits.ts | refused |
 */

import { LupineError } from '../../support/errors.js';
import { nameLength } from '../../support/name-bytes.js';

const MAX_NAME = 255;
/** PATH_MAX without its NUL: what a system call can name. */
export const MAX_PATH = 4095;
const MAX_ID = 0xffff_fffe;
/** What eleven octal digits hold. */
export const MAX_TIME = 0o77777777777;
const MAX_XATTR_VALUE = 65_536;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** An error that lacks its place; whoever knows layer and entry adds it with `refusalOf`. */
export function refuse(what: string): never {
  throw new LupineError(what);
}

/** An error of an entry, said with its layer. */
export function refusalOf(error: unknown, layer: string, entry: string): unknown {
  if (!(error instanceof LupineError) || error.where !== undefined) return error;
  const shown = entry.length > 200 ? `${entry.slice(0, 200)}…` : entry;
  return new LupineError(error.message, {
    where: `layer ${layer}, entry "${shown}"`,
    fix: error.fix ?? 'the image is broken or hostile; get it again, or rebuild it',
  });
}

/** The normal form of a name in an archive: no empty or `.` part; `''` is the root. */
export function plainPath(name: string): string {
  if (name.includes('\0')) refuse('a name contains a NUL');
  if (nameLength(name) > MAX_PATH + 2) refuse('a path is longer than 4095 bytes');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    if (part === '..') refuse('a path leaves the image by ".."');
    if (part.length * 3 > MAX_NAME && nameLength(part) > MAX_NAME) {
      refuse('a name is longer than 255 bytes');
    }
  }
  const path = parts.join('/');
  if (path.length * 3 > MAX_PATH && nameLength(path) > MAX_PATH) {
    refuse('a path is longer than 4095 bytes');
  }
  return path;
}

export type Whiteout =
  | { readonly type: 'whiteout' | 'opaque'; readonly path: string }
  | { readonly type: 'none' }
  | { readonly type: 'dropped' };

/** What a plain path says by `.wh.` in it: which path a whiteout hides, or whose children. */
export function whiteoutOf(path: string): Whiteout {
  if (!path.includes(WHITEOUT)) return { type: 'none' };
  if (path.startsWith(`${WHITEOUT}${WHITEOUT}`) && path !== OPAQUE) return { type: 'dropped' };
  const slash = path.lastIndexOf('/');
  const parent = path.slice(0, Math.max(slash, 0));
  const name = path.slice(slash + 1);
  if (parent.split('/').some((part) => part.startsWith(WHITEOUT))) {
    refuse('a whiteout is used as a directory');
  }
  if (!name.startsWith(WHITEOUT)) return { type: 'none' };
  if (name === OPAQUE) return { type: 'opaque', path: parent };
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === '' || hidden === '.' || hidden === '..') refuse('a whiteout hides no name');
  if (hidden.startsWith(WHITEOUT)) return { type: 'dropped' };
  return { type: 'whiteout', path: slash < 0 ? hidden : `${parent}/${hidden}` };
}

export function symlinkTarget(target: string): string {
  if (target === '') refuse('a symbolic link has no target');
  if (target.includes('\0')) refuse("a symbolic link's target contains a NUL");
  if (nameLength(target) > MAX_PATH) refuse("a symbolic link's target is longer than 4095 bytes");
  return target;
}

export function ownerId(id: number): number {
  if (!(id >= 0 && id <= MAX_ID)) refuse('an owner is out of range');
  return id;
}

export function wholeTime(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds), 0), MAX_TIME);
}

export function deviceNumbers(major: number, minor: number): { major: number; minor: number } {
  if (!(major >= 0 && major <= 0xfff && minor >= 0 && minor <= 0xfffff)) {
    refuse('a device number is out of range');
  }
  return { major, minor };
}

export function checkXattrs(xattrs: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, value] of xattrs) {
    if (name === '' || name.includes('\0') || nameLength(name) > MAX_NAME) {
      refuse("an extended attribute's name is not usable");
    }
    if (value.length > MAX_XATTR_VALUE) refuse('an extended attribute is larger than 64 KiB');
  }
}
