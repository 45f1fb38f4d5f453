import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/support/progress.js';
import { isBundle, readBundle, writeBundle, type Unikernel } from '../../../src/unikernel/index.js';
import { description } from './fixture.js';

const context = { progress: silentProgress };
let directory: string;
let unikernel: Unikernel;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bundle-'));
  const file = async (name: string) => {
    await writeFile(join(directory, name), name);
    return join(directory, name);
  };
  unikernel = {
    description,
    files: {
      kernel: await file('k'),
      kernelConfig: await file('c'),
      rootfs: await file('r'),
      init: await file('i'),
      features: await file('f'),
    },
  };
});
afterEach(() => rm(directory, { recursive: true }));

describe('a bundle', () => {
  it('comes back as it was written', async () => {
    const out = join(directory, 'deep/out');
    await writeBundle(unikernel, out, context);
    expect(isBundle(out)).toBe(true);
    const read = await readBundle(out);
    expect(read.description).toEqual(description);
    expect(await readFile(read.files.rootfs, 'utf8')).toBe('r');
    expect(await readdir(join(directory, 'deep'))).toEqual(['out']);
  });

  it('does not overwrite', async () => {
    const out = join(directory, 'out');
    await mkdir(out);
    await writeBundle(unikernel, out, context);
    await expect(writeBundle(unikernel, out, context)).rejects.toThrow(/not empty/);
  });

  it('leaves nothing when a part is missing', async () => {
    await rm(unikernel.files.rootfs);
    const out = join(directory, 'out');
    await expect(writeBundle(unikernel, out, context)).rejects.toThrow();
    expect(await readdir(directory)).not.toContain('out');
    expect((await readdir(directory)).filter((name) => name.startsWith('.tmp'))).toEqual([]);
  });

  it.each([
    ['text', 'nonsense', /cannot be read/],
    [
      'another version',
      JSON.stringify({ ...description, version: 2 }),
      /another version.*|damaged/,
    ],
    [
      'a wrong field',
      JSON.stringify({ ...description, memory: 'much' }),
      /another version|damaged/,
    ],
  ])('is refused with %s in it', async (_, text, expected) => {
    const out = join(directory, 'out');
    await writeBundle(unikernel, out, context);
    await writeFile(join(out, 'unikernel.json'), text);
    await expect(readBundle(out)).rejects.toThrow(expected);
  });

  it.each(['vmlinux', 'rootfs.img'])('is refused when its %s was cut short', async (name) => {
    const out = join(directory, 'out');
    await writeBundle(unikernel, out, context);
    await writeFile(join(out, name), '');
    await expect(readBundle(out)).rejects.toMatchObject({
      message: 'the bundle is damaged',
      where: expect.stringMatching(new RegExp(`${name} has 0 bytes of 1$`)) as string,
    });
  });

  it('is refused without its kernel', async () => {
    const out = join(directory, 'out');
    await writeBundle(unikernel, out, context);
    await rm(join(out, 'vmlinux'));
    await expect(readBundle(out)).rejects.toThrow(/lacks a file/);
  });
});
