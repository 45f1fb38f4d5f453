/**
 * Where the members of an outer tar (`docker save`, `oci-archive:`) lie in its file. Only names and
 * places matter here; a name is a key, never a path of this machine.
 */

import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { LupineError } from '../support/errors.js';
import { ARCHIVE_LINKS, ARCHIVE_MEMBERS } from './limits.js';
import { TYPE } from './tree/tar-header.js';
import { type TarEntry, TarParser } from './tree/tar-parser.js';

export interface Member {
  /** Where its bytes begin in the file. */
  readonly offset: number;
  readonly size: number;
  /** Of a symbolic or hard link: the member it stands for. */
  readonly link?: string;
}

/**
 * Reads an uncompressed tar once. Of two members with one name the later counts.
 * @param file what is read. @param path how messages name it.
 * @throws LupineError when it is no tar, damaged, truncated or beyond the limits.
 */
export async function tarMembers(file: string, path: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  const parser = new TarParser((entry) => {
    members.set(normal(entry.name.toString('utf8')), memberOf(entry));
    if (members.size > ARCHIVE_MEMBERS) throw new LupineError('it has too many members');
  });
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
      parser.write(chunk as Buffer);
    }
    parser.end();
    if (members.size === 0) throw new LupineError('it is empty');
  } catch (error) {
    if (!(error instanceof LupineError)) throw error;
    throw new LupineError(`not a readable archive: ${error.message}`, {
      where: path,
      fix: 'make it again, e.g. with skopeo copy or docker save',
    });
  }
  return members;
}

/** A member by name, links followed; undefined when it is absent or its links go nowhere. */
export function resolveMember(
  members: ReadonlyMap<string, Member>,
  name: string,
): Member | undefined {
  let member = members.get(normal(name));
  for (let hops = 0; member?.link !== undefined && hops < ARCHIVE_LINKS; hops++) {
    member = members.get(member.link);
  }
  return member?.link === undefined ? member : undefined;
}

function memberOf(entry: TarEntry): Member {
  const place = { offset: entry.offset, size: entry.size };
  const target = entry.linkName.toString('utf8');
  // A symbolic link is relative to its directory (old docker), a hard link to the archive's root.
  if (entry.type === TYPE.symlink) {
    return {
      ...place,
      link: normal(posix.join(posix.dirname(entry.name.toString('utf8')), target)),
    };
  }
  return entry.type === TYPE.link ? { ...place, link: normal(target) } : place;
}

function normal(name: string): string {
  return posix.normalize(name).replace(/^\/+|\/+$/g, '');
}
