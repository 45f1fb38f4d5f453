/** The UUID of a file system, made of what is in it: RFC 9562, version 8 (a hash of one's own). */

import { createHash } from 'node:crypto';

export function uuidOf(digest: string): Buffer {
  const uuid = createHash('sha256')
    .update(`lupine root file system ${digest}`)
    .digest()
    .subarray(0, 16);
  uuid.writeUInt8((uuid.readUInt8(6) & 0x0f) | 0x80, 6);
  uuid.writeUInt8((uuid.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuid;
}
