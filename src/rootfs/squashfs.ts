/**
 * squashfs: the smallest read-only root file system, by sqfstar(1). LZ4, because it packs as fast as
 * the disk writes (at the only levels that sqfstar 4.5 lets one choose, gzip takes 20 times as long
 * for images a quarter smaller, and zstd 90 times for a third), costs the guest the least time and memory to read, and the kernel the least code.
 */

import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FileTree } from '../image/types.js';
import type { Context } from '../support/context.js';
import { run } from '../support/process.js';

const PACKAGES: Readonly<Record<string, string>> = { sqfstar: 'squashfs-tools' };
/**
 * Queues and caches of sqfstar; a quarter of the machine's memory unless told. More makes it no faster.
 */
const MEMORY = '16M';

/** Writes a tree as squashfs into a new file. @param progress told the bytes of the tar taken so far. */
export async function writeSquashfs(
  tree: FileTree,
  output: string,
  context: Context,
  progress?: (bytes: number) => void,
): Promise<void> {
  const root = { mode: 0o755, uid: 0, gid: 0, mtime: 0, ...tree.get('') };
  const args = [
    // Inodes stay uncompressed: they are few bytes of an image, read faster, and can be mended below.
    ...['-comp', 'lz4', '-noI', '-mem', MEMORY, '-mkfs-time', '0', '-quiet', '-no-progress'],
    // sqfstar passes over the root of a tar.
    ...['-root-mode', root.mode.toString(8), '-root-time', String(root.mtime)],
    ...['-root-uid', String(root.uid), '-root-gid', String(root.gid)],
  ];
  const asRoot = process.getuid?.() === 0 && process.getgid?.() === 0;
  const ownerKnown = knowsRootOwner(await squashfsVersion(context));
  if (!ownerKnown) noteRootOwner(root, context);
  const [program, ...rest] = ownerKnown || asRoot ? ['sqfstar'] : ['fakeroot', 'sqfstar'];
  await feed(tree, program, [...rest, ...args, output], context, progress);
  await setRootTime(output, root.mtime);
}

/** Before 4.6 the root belongs to whoever runs sqfstar, whatever its options say. */
function knowsRootOwner(version: string): boolean {
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 4 || (Number(major) === 4 && Number(minor) >= 6);
}

function noteRootOwner(root: { uid: number; gid: number }, context: Context): void {
  if (root.uid === 0 && root.gid === 0) return;
  const owner = `${root.uid}:${root.gid}`;
  context.progress.note(`sqfstar before 4.6 gives the root directory to 0:0 instead of ${owner}`);
}

const NO_SPACE = /no space left on device|disk quota exceeded/i;

/** Runs a program on the tree's tar. */
async function feed(
  tree: FileTree,
  program: string,
  args: readonly string[],
  context: Context,
  progress: ((bytes: number) => void) | undefined,
): Promise<void> {
  const failures: Error[] = [];
  const heard: string[] = [];
  async function* counted(): AsyncGenerator<Buffer> {
    let done = 0;
    try {
      for await (const piece of tree.tar(context.signal) as AsyncIterable<Buffer>) {
        yield piece;
        done += piece.length;
        progress?.(done);
      }
    } catch (error) {
      failures.push(error as Error);
      throw error;
    }
  }
  const input = Readable.from(counted(), { objectMode: false });
  try {
    await run(program, args, {
      input,
      // sqfstar says why a write failed, and then only that it failed.
      onLine: (line) => {
        if (NO_SPACE.test(line)) heard.push(line);
      },
      // It would change the files' times, and forbids the options above.
      env: { SOURCE_DATE_EPOCH: undefined },
      install: `apt-get install ${PACKAGES[program] ?? program}`,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
  } catch (error) {
    context.signal?.throwIfAborted();
    // A tool that is cut off complains of its input; the reason is here.
    throw failures[0] ?? (heard.length > 0 ? noSpace(error) : error);
  } finally {
    input.destroy();
  }
  if (failures[0] !== undefined) throw failures[0];
}

/** As the system itself would have said it. */
function noSpace(cause: unknown): Error {
  return Object.assign(new Error('no space left on device', { cause }), { code: 'ENOSPC' });
}

/** Bytes of a block of metadata, each after a header of two. */
const METADATA_BLOCK = 8192;

/** Sets the time of the root directory, which sqfstar before 4.6 takes from the clock. */
async function setRootTime(image: string, mtime: number): Promise<void> {
  const file = await open(image, 'r+');
  try {
    // struct squashfs_super_block and squashfs_dir_inode of fs/squashfs/squashfs_fs.h.
    const { buffer } = await file.read(Buffer.alloc(96), 0, 96, 0);
    const root = buffer.readBigUInt64LE(32);
    const block = Number(buffer.readBigUInt64LE(64) + (root >> 16n));
    const time = Buffer.alloc(4);
    time.writeUInt32LE(Math.min(mtime, 0xffffffff));
    for (let i = 0; i < 4; i++) {
      const at = Number(root & 0xffffn) + 8 + i;
      const headers = 2 * (Math.floor(at / METADATA_BLOCK) + 1);
      await file.write(time, i, 1, block + headers + at);
    }
  } finally {
    await file.close();
  }
}

/** The tool's version, since other versions may write other bytes. */
export async function squashfsVersion(context: Context): Promise<string> {
  const { stdout } = await run('sqfstar', ['-version'], {
    install: `apt-get install ${PACKAGES['sqfstar'] ?? ''}`,
    accept: [0, 1],
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  return stdout.split('\n')[0] ?? '';
}
