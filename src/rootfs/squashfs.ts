/**
 * squashfs: the smallest read-only root file system, by sqfstar(1). LZ4, because it packs as fast as
 * the disk writes (gzip and zstd take 35 times as long at the only levels that sqfstar 4.5 lets
 * one choose), costs the guest the least time and memory to read, and the kernel the least code.
 */

import { Readable } from 'node:stream';
import type { FileTree } from '../image/types.js';
import type { Context } from '../support/context.js';
import { run } from '../support/process.js';

const INSTALL = 'apt-get install squashfs-tools';
/** Queues and caches of sqfstar; a quarter of the machine's memory unless told. */
const MEMORY = '64M';

/** Writes a tree as squashfs into a new file. @param progress told the bytes of the tar taken so far. */
export async function writeSquashfs(
  tree: FileTree,
  output: string,
  context: Context,
  progress?: (bytes: number) => void,
): Promise<void> {
  const root = tree.get('');
  const options = [
    ...['-comp', 'lz4', '-mem', MEMORY, '-mkfs-time', '0', '-quiet', '-no-progress'],
    // sqfstar passes over the root of a tar.
    ...['-root-mode', (root?.mode ?? 0o755).toString(8), '-root-time', String(root?.mtime ?? 0)],
    ...['-root-uid', String(root?.uid ?? 0), '-root-gid', String(root?.gid ?? 0)],
  ];
  let broken: { readonly error: unknown } | undefined;
  async function* counted(): AsyncGenerator<Buffer> {
    const stream = tree.tar(context.signal);
    let done = 0;
    try {
      for await (const piece of stream as AsyncIterable<Buffer>) {
        yield piece;
        done += piece.length;
        progress?.(done);
      }
    } catch (error) {
      broken = { error };
      throw error;
    }
  }
  const input = Readable.from(counted(), { objectMode: false });
  try {
    await run('sqfstar', [...options, output], {
      input,
      install: INSTALL,
      // It would change the files' times, and forbids the options above.
      env: { SOURCE_DATE_EPOCH: undefined },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
  } catch (error) {
    context.signal?.throwIfAborted();
    // A tool that is cut off complains of its input; the reason is here.
    throw broken === undefined ? error : broken.error;
  } finally {
    input.destroy();
  }
  if (broken !== undefined) throw broken.error;
}

/** The tool's version, since other versions may write other bytes. */
export async function squashfsVersion(context: Context): Promise<string> {
  const { stdout } = await run('sqfstar', ['-version'], {
    install: INSTALL,
    accept: [0, 1],
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  return stdout.split('\n')[0] ?? '';
}
