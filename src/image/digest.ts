/** Content digests: `sha256:` and 64 lower-case hexadecimal digits (OCI image specification, descriptor). */

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { LupineError } from '../support/errors.js';

/** For schemas of foreign JSON. */
export const Digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, 'not a sha256 digest'));

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** @throws LupineError when the bytes are not those that the digest names. */
export function checkDigest(bytes: Uint8Array, digest: string, where: string): void {
  const actual = digestOf(bytes);
  if (actual !== digest) throw wrongDigest(digest, actual, where);
}

export function wrongDigest(expected: string, actual: string, where: string): LupineError {
  return new LupineError(`wrong digest: ${expected} was promised, ${actual} came`, {
    where,
    fix: 'the source is damaged or was changed; fetch or make it again',
  });
}

/**
 * Passes bytes on and ends with an error unless they are exactly the promised ones. Not one byte
 * more than announced is passed on.
 * @throws LupineError on a wrong length or digest.
 */
export async function* verified(
  bytes: AsyncIterable<Buffer>,
  expected: { readonly digest: string; readonly size: number },
  where: string,
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256');
  let seen = 0;
  for await (const chunk of bytes) {
    seen += chunk.length;
    if (seen > expected.size) {
      throw new LupineError(`more data than the ${expected.size} bytes announced`, { where });
    }
    hash.update(chunk);
    yield chunk;
  }
  if (seen < expected.size) {
    throw new LupineError(`truncated: ${seen} of ${expected.size} bytes`, { where });
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== expected.digest) throw wrongDigest(expected.digest, actual, where);
}
