/** What a network may be called. */

import { LupineError } from '../support/errors.js';

/** As docker's. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** What they mean for `--network` is something else, here or in docker. */
const RESERVED = ['none', 'user', 'host', 'bridge', 'default'];

/** @throws LupineError for what cannot be the name of a network. */
export function checkName(name: string): void {
  if (!NAME.test(name)) {
    throw new LupineError('not a name for a network', {
      where: name,
      fix: 'use letters, digits, _, . and -, the first a letter or a digit',
    });
  }
  if (RESERVED.includes(name)) {
    throw new LupineError('no network can be called so', {
      where: name,
      fix: `choose another name than ${RESERVED.join(', ')}`,
    });
  }
}

/** Whether there can be a network of this name. */
export function canBeName(text: string): boolean {
  return NAME.test(text) && !RESERVED.includes(text);
}
