/** What debugfs(8) says is in an ext2 image, in the words of a tree. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeName } from '../../../src/support/name-bytes.js';
import { lineOf, sha, tool, type Listing } from './readback.js';

const TYPES: Readonly<Record<string, string>> = {
  regular: 'f',
  directory: 'd',
  symlink: 'l',
  'character special': 'c',
  'block special': 'b',
  FIFO: 'p',
};

/** All names of an image; those with a newline or a slash in them would not be understood. */
export async function listExt2(image: string): Promise<Listing> {
  const scratch = await mkdtemp(join(tmpdir(), 'lupine-debugfs-'));
  try {
    const names = await namesOf(image, scratch);
    const numbers = [...new Set(names.values())];
    const dumps = numbers.map((ino) => `dump <${ino}> ${join(scratch, String(ino))}`);
    const text = await batch(image, scratch, [...numbers.map((ino) => `stat <${ino}>`), ...dumps]);
    const lines = new Map<number, string>();
    for (const part of text.split(/^debugfs: stat /m).slice(1)) {
      const ino = Number(/^<(\d+)>/.exec(part)?.[1]);
      lines.set(ino, await lineOfInode(part, join(scratch, String(ino))));
    }
    return new Map([...names].map(([path, ino]) => [path, lines.get(ino) ?? 'lost']));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function batch(image: string, scratch: string, commands: readonly string[]): Promise<string> {
  const file = join(scratch, 'commands');
  await writeFile(file, `${commands.join('\n')}\n`);
  return (await tool('debugfs', '-f', file, image)).toString('latin1');
}

/** Inode numbers by path: directory by directory, a level at a time. */
async function namesOf(image: string, scratch: string): Promise<Map<string, number>> {
  const names = new Map([['', 2]]);
  for (let level = new Map([[2, '']]); level.size > 0;) {
    const asked = [...level.keys()].map((ino) => `ls -p <${ino}>`);
    const parts = (await batch(image, scratch, asked)).split(/^debugfs: ls -p /m).slice(1);
    const next = new Map<number, string>();
    for (const part of parts) {
      const parent = level.get(Number(/^<(\d+)>/.exec(part)?.[1])) ?? '';
      for (const line of part.matchAll(/^\/(\d+)\/(\d+)\/-?\d+\/-?\d+\/(.+)\/\d*\/$/gm)) {
        const name = decodeName(Buffer.from(line[3] ?? '', 'latin1'));
        if (name === '.' || name === '..') continue;
        const path = parent === '' ? name : `${parent}/${name}`;
        names.set(path, Number(line[1]));
        if (line[2]?.startsWith('04') === true) next.set(Number(line[1]), path);
      }
    }
    level = next;
  }
  return names;
}

async function lineOfInode(text: string, dumped: string): Promise<string> {
  const find = (pattern: RegExp) => pattern.exec(text)?.[1] ?? '';
  const type = TYPES[find(/Type: (.+?) +Mode:/)] ?? '?';
  const content = type === 'f' || type === 'l' ? await readFile(dumped) : Buffer.alloc(0);
  const fast = /Fast link dest: "(.*)"/.exec(text)?.[1];
  const target = fast === undefined ? content : Buffer.from(fast, 'latin1');
  return lineOf({
    type,
    mode: parseInt(find(/Mode: +(\d+)/), 8),
    uid: Number(find(/User: +(-?\d+)/)) >>> 0,
    gid: Number(find(/Group: +(-?\d+)/)) >>> 0,
    mtime: parseInt(find(/mtime: 0x([0-9a-f]+)/), 16),
    links: Number(find(/Links: (\d+)/)),
    ...(type === 'f' ? { size: Number(find(/Size: (\d+)/)), text: sha(content) } : {}),
    ...(type === 'l' ? { text: decodeName(target) } : {}),
    ...(type === 'b' || type === 'c' ? { device: deviceOf(text) } : {}),
  });
}

function deviceOf(text: string): string {
  const [, major, minor] = /major\/minor number: (\d+):(\d+)/.exec(text) ?? [];
  return `${Number(major)}:${Number(minor)}`;
}
