/**
 * The archive every microVM boots with: init and its settings, as an uncompressed cpio in the
 * kernel's `newc` format (Documentation/driver-api/early-userspace/buffer-format.rst). It may
 * follow an application's own archive: the kernel unpacks them one after the other.
 */

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;
const SECRET = 0o100600;

/** @param init the program `guest/build/init`. @param settings of `encodeSettings`. */
export function bootArchive(init: Buffer, settings: Buffer): Buffer {
  return Buffer.concat([
    ...entry(1, 'init', PROGRAM, init),
    ...entry(2, 'lupine', DIRECTORY),
    ...entry(3, 'lupine/settings', SECRET, settings),
    ...entry(0, 'TRAILER!!!', 0),
  ]);
}

function entry(
  inode: number,
  name: string,
  mode: number,
  data: Buffer = Buffer.alloc(0),
): Buffer[] {
  const links = mode === DIRECTORY ? 2 : 1;
  // inode, mode, uid, gid, links, mtime, size, device and rdev (two numbers each), name size, check
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return [Buffer.from(header), padding(header.length), data, padding(data.length)];
}

/** Zeros up to the next multiple of four. */
function padding(length: number): Buffer {
  return Buffer.alloc(-length & 3);
}
