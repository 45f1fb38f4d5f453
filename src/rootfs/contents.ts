/** A tree's files in the order their bytes are stored, each with its metadata. */

import type { FileTree, TreeEntry } from '../image/types.js';
import { LupineError } from '../support/errors.js';
import { decodeName } from '../support/name-bytes.js';
import { tarMembers } from './tar.js';

export interface Content {
  readonly entry: TreeEntry;
  /** Must be read to its end before the next content is asked for; empty for all but first names of files. */
  readonly data: AsyncIterable<Buffer>;
}

/**
 * Everything in a tree but its root: parents before children, hard links after their targets.
 * @throws LupineError when the archive is not that of the tree; the signal's reason when aborted.
 */
export async function* contentsOf(tree: FileTree, signal?: AbortSignal): AsyncGenerator<Content> {
  signal?.throwIfAborted();
  const stream = tree.tar(signal);
  let count = 0;
  try {
    for await (const { name, size, data } of tarMembers(stream)) {
      const path = decodeName(name)
        .replace(/^(\.\/+)+/, '')
        .replace(/\/+$/, '');
      if (path === '' || path === '.') continue;
      const entry = tree.get(path);
      const expected = entry?.type === 'file' && entry.linkOf === undefined ? entry.size : 0;
      if (entry === undefined || size !== expected) throw mismatch(path);
      count += 1;
      yield { entry, data };
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    stream.destroy();
  }
  // The count includes the root, which is not among the contents.
  if (count !== tree.entryCount - 1) throw mismatch(`${count + 1} of ${tree.entryCount} names`);
}

function mismatch(where: string): LupineError {
  return new LupineError('the files are not those that were announced', { where });
}
