/** Where an entry of a layer stands: a plain path in two parts. */

import { decodeName, encodeName } from '../../support/name-bytes.js';

export interface Place {
  /** The directory as the layer names it; empty for the root and what is in it. */
  readonly directory: string;
  /** The last part; empty for the root. */
  readonly name: string;
}

export function pathOf({ directory, name }: Place): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/**
 * Splits paths for keeping: entries of one directory, which mostly follow each other, share its text,
 * and no part holds on to the path it was cut from.
 */
export class PathSplitter {
  #directory = '';

  split(path: string): Place {
    const slash = path.lastIndexOf('/');
    const directory = path.slice(0, Math.max(slash, 0));
    if (directory !== this.#directory) this.#directory = copyOf(directory);
    return { directory: this.#directory, name: copyOf(path.slice(slash + 1)) };
  }
}

/** V8 makes a slice a view that keeps the whole text alive; bytes and back make a text of its own. */
function copyOf(slice: string): string {
  return decodeName(encodeName(slice));
}
