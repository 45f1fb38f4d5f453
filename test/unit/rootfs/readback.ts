/** What reference tools say is in an image, in the words of a tree, so that both can be compared. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FileTree, TreeEntry } from '../../../src/image/types.js';
import { decodeName } from '../../../src/support/name-bytes.js';

const execute = promisify(execFile);

/** Runs a tool; all that it says on stdout. */
export async function tool(program: string, ...args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 64 << 20 } as const;
  return (await execute(program, args, options)).stdout;
}

/** A name's metadata and content in one line each. */
export type Listing = Map<string, string>;

const LETTERS = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  character: 'c',
  block: 'b',
  fifo: 'p',
} as const;

export interface Facts {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly links: number;
  readonly size?: number;
  readonly text?: string;
  readonly device?: string;
}

export function lineOf(facts: Facts): string {
  return [
    facts.type,
    facts.mode.toString(8),
    `${facts.uid}:${facts.gid}`,
    `@${facts.mtime}`,
    `x${facts.links}`,
    facts.size ?? '-',
    facts.text ?? '-',
    facts.device ?? '-',
  ].join(' ');
}

export function sha(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

/** A tree as a listing. */
export async function listTree(tree: FileTree): Promise<Listing> {
  const entries = [...tree.entries()];
  const links = new Map<string, number>();
  for (const { path, linkOf } of entries) {
    const first = linkOf ?? path;
    links.set(first, (links.get(first) ?? 0) + 1);
  }
  const listing: Listing = new Map();
  for (const entry of entries) listing.set(entry.path, lineOf(await factsOf(tree, entry, links)));
  return listing;
}

async function factsOf(
  tree: FileTree,
  entry: TreeEntry,
  links: Map<string, number>,
): Promise<Facts> {
  const { path, type, mode, uid, gid, mtime } = entry;
  const common = { type: LETTERS[type], mode: type === 'symlink' ? 0o777 : mode, uid, gid, mtime };
  const count = links.get(entry.linkOf ?? path) ?? 0;
  if (type === 'directory') {
    const inside = tree.list(path).map((name) => tree.get(path === '' ? name : `${path}/${name}`));
    const directories = inside.filter((child) => child?.type === 'directory');
    return { ...common, links: 2 + directories.length };
  }
  if (type === 'file') {
    const content = await tree.readFile(path);
    return { ...common, links: count, size: entry.size, text: sha(content) };
  }
  if (type === 'symlink') return { ...common, links: count, text: entry.target ?? '' };
  if (type === 'fifo') return { ...common, links: count };
  return { ...common, links: count, device: `${entry.major ?? 0}:${entry.minor ?? 0}` };
}

/**
 * What lies in a directory that a tool unpacked under fakeroot. @param unpack its command line; the
 * last argument it gets is the directory to make.
 */
export async function listUnpacked(unpack: readonly string[], prefix = ''): Promise<Listing> {
  const scratch = await mkdtemp(join(tmpdir(), 'lupine-readback-'));
  try {
    const root = join(scratch, 'root');
    const format = '%P\\0%y\\0%m\\0%U\\0%G\\0%T@\\0%n\\0%s\\0%l\\0';
    const script =
      'out=$1 prefix=$2; shift 2; "$@" "$out" >&2 && ' +
      'find "$out$prefix" -exec stat --printf "%n\\0%t:%T\\0" {} + >"$out.devices" && ' +
      'exec find "$out$prefix" -printf "$FORMAT"';
    const { stdout } = await execute(
      'fakeroot',
      ['sh', '-c', script, 'sh', root, prefix, ...unpack],
      {
        encoding: 'buffer',
        maxBuffer: 64 << 20,
        env: { ...process.env, FORMAT: format },
      },
    );
    const fields = fieldsOf(stdout);
    const devices = fieldsOf(await readFile(`${root}.devices`)).map(String);
    const listing: Listing = new Map();
    for (let i = 0; i + 9 <= fields.length; i += 9) {
      const [path, ...rest] = fields.slice(i, i + 9) as [Buffer, ...Buffer[]];
      const where = Buffer.concat([Buffer.from(`${join(root, prefix)}/`), path]);
      const device = devices[devices.indexOf(where.toString()) + 1];
      listing.set(decodeName(path), await lineOfFound(where, rest, device));
    }
    return listing;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function lineOfFound(
  where: Buffer,
  fields: readonly Buffer[],
  device: string | undefined,
): Promise<string> {
  const [type = '', mode = '', uid, gid, mtime, links, size] = fields.map(String);
  const numbers = device?.split(':').map((number) => parseInt(number, 16)) ?? [];
  return lineOf({
    type,
    mode: parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    mtime: Math.floor(Number(mtime)),
    links: Number(links),
    ...(type === 'f' ? { size: Number(size), text: sha(await readFile(where)) } : {}),
    ...(type === 'b' || type === 'c' ? { device: numbers.join(':') } : {}),
    ...(type === 'l' ? { text: decodeName(fields[7] ?? Buffer.alloc(0)) } : {}),
  });
}

function fieldsOf(output: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0, at);
    fields.push(output.subarray(at, end));
    at = end + 1;
  }
  return fields;
}
