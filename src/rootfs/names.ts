/** Names as the bytes that reach a disk, and the limits every Linux file system shares. */

import type { TreeEntry } from '../image/types.js';
import { LupineError } from '../support/errors.js';
import { encodeName } from '../support/name-bytes.js';

/** NAME_MAX and PATH_MAX of limits.h; the latter counts the final NUL. */
const NAME_MAX = 255;
export const PATH_MAX = 4096;

/** The last part of a path, as bytes. @throws LupineError when no Linux file system could hold it. */
export function nameOf(path: string): Buffer {
  const name = encodeName(path.slice(path.lastIndexOf('/') + 1));
  if (name.length > NAME_MAX) {
    throw new LupineError(`a file name is longer than ${NAME_MAX} bytes`, { where: path });
  }
  return name;
}

/** The text of a symbolic link, as bytes. @throws LupineError when a kernel could not follow it. */
export function targetOf(entry: TreeEntry): Buffer {
  const target = encodeName(entry.target ?? '');
  if (target.length === 0 || target.length >= PATH_MAX) {
    throw new LupineError('the text of a symbolic link is empty or too long', {
      where: entry.path,
    });
  }
  return target;
}
