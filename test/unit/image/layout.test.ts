import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/index.js';
import { LupineError } from '../../../src/support/errors.js';
import { silentProgress } from '../../../src/support/progress.js';
import { blob, descriptor, image, OCI_INDEX, sha256, tar, writeLayout } from './support/images.js';
import { useScratch } from './support/scratch.js';

const scratch = useScratch();
const open = (reference: string) => openImage(reference, {}, { progress: silentProgress });
const two = () => image([{ 'etc/passwd': 'root', app: 'one' }, { app: 'two' }]);

async function blobPath(layout: string, digest: string): Promise<string> {
  return Promise.resolve(join(layout, 'blobs', 'sha256', digest.slice(7)));
}

describe('oci:', () => {
  it('opens the only image, and one of several by name', async () => {
    const layout = join(scratch.path, 'web');
    await writeLayout(layout, [{ image: await two() }]);
    const opened = await open(`oci:${layout}`);
    expect(opened).toMatchObject({ kind: 'oci', name: 'web', architecture: 'amd64' });
    expect(opened.config.cmd).toEqual(['/app']);
    expect((await opened.tree.readFile('app')).toString()).toBe('two');
    expect(opened.layers).toHaveLength(2);

    await writeLayout(layout, [
      { image: await two(), name: 'a' },
      { image: await image([{ app: 'b' }]), name: 'b' },
    ]);
    expect((await (await open(`oci:${layout}:b`)).tree.readFile('app')).toString()).toBe('b');
    await expect(open(`oci:${layout}`)).rejects.toMatchObject({
      fix: expect.stringContaining('a, b') as string,
    });
    await expect(open(`oci:${layout}:c`)).rejects.toMatchObject({ fix: 'it has a, b' });
  });

  it('gives one tree digest for one content however it is compressed', async () => {
    const zstd = (bytes: Buffer) => execFileSync('zstd', ['-c', '-q'], { input: bytes });
    const digests = [];
    for (const compress of [gzipSync, zstd, (bytes: Buffer) => bytes]) {
      const layout = join(scratch.path, 'layout');
      await rm(layout, { recursive: true, force: true });
      await writeLayout(layout, [{ image: await image([{ a: 'x' }, { b: 'y' }], { compress }) }]);
      digests.push((await open(`oci:${layout}`)).tree.digest);
    }
    expect(new Set(digests).size).toBe(1);
  });

  it('takes layers that end without padding and end mark, as umoci writes them', async () => {
    const layout = join(scratch.path, 'layout');
    const whole = await tar({ app: 'abc' });
    for (const [length, good] of [
      [515, true],
      [700, true],
      [514, false],
    ] as const) {
      const bytes = whole.subarray(0, length);
      const it = await image([{}], { compress: () => gzipSync(bytes), diffIds: [sha256(bytes)] });
      await writeLayout(layout, [{ image: it }]);
      const opened = open(`oci:${layout}`);
      if (good) expect((await (await opened).tree.readFile('app')).toString()).toBe('abc');
      else await expect(opened).rejects.toThrow('truncated');
    }
  });

  it('goes through nested indexes, and not for ever', async () => {
    const layout = join(scratch.path, 'layout');
    const it = await two();
    await writeLayout(layout, [{ image: it }]);
    let inner = blob({ schemaVersion: 2, manifests: [descriptor(it.manifest)] }, OCI_INDEX);
    for (let depth = 1; depth <= 4; depth++) {
      await writeFile(await blobPath(layout, inner.digest), inner.bytes);
      const index = { schemaVersion: 2, manifests: [descriptor(inner)] };
      await writeFile(join(layout, 'index.json'), JSON.stringify(index));
      const opened = open(`oci:${layout}`);
      if (depth <= 3) expect((await opened).digest).toBe(it.manifest.digest);
      else await expect(opened).rejects.toThrow('without end');
      inner = blob(index, OCI_INDEX);
    }
  });

  it('refuses blobs that are not what their digest says, also when the layer is known', async () => {
    const layout = join(scratch.path, 'layout');
    const it = await two();
    const [layer] = it.layers;
    for (const victim of [it.manifest, it.config, ...it.layers]) {
      await writeLayout(layout, [{ image: it }]);
      await open(`oci:${layout}`);
      const path = await blobPath(layout, victim.digest);
      const changed = Buffer.from(victim.bytes);
      changed.writeUInt8(changed.readUInt8(30) ^ 1, 30);
      await writeFile(path, changed);
      await expect(open(`oci:${layout}`)).rejects.toThrow('wrong digest');
      await writeFile(path, victim.bytes.subarray(0, -1));
      await expect(open(`oci:${layout}`)).rejects.toThrow(/wrong size|wrong digest|truncated/);
      await rm(path);
      await expect(open(`oci:${layout}`)).rejects.toThrow('incomplete');
    }
    // Not known before: the bytes are judged while they are indexed.
    await rm(join(scratch.path, 'cache'), { recursive: true });
    await writeLayout(layout, [{ image: it }]);
    await writeFile(await blobPath(layout, layer?.digest ?? ''), Buffer.from('short'));
    await expect(open(`oci:${layout}`)).rejects.toThrow('truncated: 5 of');
    expect((await scratch.cacheFiles()).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('never takes a layer for one that the configuration claims, even if both are known', async () => {
    const honest = await image([{ app: 'honest' }]);
    const evil = await image([{ app: 'evil!!' }]);
    const lying = await image([{ app: 'evil!!' }], { diffIds: honest.diffIds });
    const layout = join(scratch.path, 'layout');
    for (const it of [honest, evil]) {
      await writeLayout(layout, [{ image: it }]);
      await open(`oci:${layout}`);
    }
    await writeLayout(layout, [{ image: lying }]);
    await expect(open(`oci:${layout}`)).rejects.toThrow('not the one its configuration names');
    await rm(join(scratch.path, 'cache'), { recursive: true });
    await expect(open(`oci:${layout}`)).rejects.toThrow('not the one its configuration names');
  });

  it('refuses what is no layout, and blobs that are not files', async () => {
    await expect(open(`oci:${scratch.path}/none`)).rejects.toThrow('no OCI layout');
    const layout = join(scratch.path, 'layout');
    const it = await two();
    await writeLayout(layout, [{ image: it }]);
    const path = await blobPath(layout, it.config.digest);
    await rm(path);
    execFileSync('mkfifo', [path]);
    await expect(open(`oci:${layout}`)).rejects.toThrow('incomplete');
    await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await expect(open(`oci:${layout}`)).rejects.toThrow('version');
  });

  it('says what is wrong with any mutation of its index', async () => {
    const layout = join(scratch.path, 'layout');
    await writeLayout(layout, [{ image: await two(), name: 'a' }]);
    const good = await readFile(join(layout, 'index.json'));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
        const bad = Buffer.from(good);
        bad.writeUInt8(byte, at);
        await writeFile(join(layout, 'index.json'), bad);
        await open(`oci:${layout}:a`).catch((error: unknown) => {
          expect(error).toBeInstanceOf(LupineError);
        });
      }),
      { numRuns: 150 },
    );
  });

  it('reads what is known without reading it again, and stops when told', async () => {
    const layout = join(scratch.path, 'layout');
    await writeLayout(layout, [{ image: await two() }]);
    const stop = new AbortController();
    stop.abort(new Error('Ctrl-C'));
    const context = { progress: silentProgress, signal: stop.signal };
    await expect(openImage(`oci:${layout}`, {}, context)).rejects.toThrow('Ctrl-C');
  });
});

describe('oci-archive:', () => {
  async function archive(name: string, ...flags: string[]): Promise<string> {
    const layout = join(scratch.path, 'layout');
    await writeLayout(layout, [{ image: await two(), name: 'a' }]);
    const path = join(scratch.path, name);
    execFileSync('tar', ['-c', ...flags, '-f', path, '-C', layout, '.']);
    return path;
  }

  it('equals the layout, compressed or not, in every tar format', async () => {
    const plain = await archive('a.tar');
    const expected = await open(`oci:${join(scratch.path, 'layout')}`);
    for (const path of [
      plain,
      await archive('a.tar.gz', '-z'),
      await archive('a.tar.zst', '--zstd'),
      await archive('pax.tar', '--format=pax'),
      await archive('gnu.tar', '--format=gnu'),
    ]) {
      const opened = await open(`oci-archive:${path}:a`);
      expect(opened.tree.digest).toBe(expected.tree.digest);
      expect(opened.digest).toBe(expected.digest);
      expect((await opened.tree.readFile('app')).toString()).toBe('two');
    }
  });

  it('refuses what is absent, no tar, cut or a directory', async () => {
    const path = await archive('a.tar');
    const bytes = await readFile(path);
    await expect(open(`oci-archive:${scratch.path}/none`)).rejects.toThrow('no such file');
    await expect(open(`oci-archive:${scratch.path}`)).rejects.toThrow('EISDIR');
    await writeFile(path, 'no tar'.repeat(500));
    await expect(open(`oci-archive:${path}`)).rejects.toThrow('not a readable archive');
    await writeFile(path, '');
    await expect(open(`oci-archive:${path}`)).rejects.toThrow('it is empty');
    await writeFile(path, bytes.subarray(0, 2000));
    await expect(open(`oci-archive:${path}`)).rejects.toThrow('not a readable archive');
    await writeFile(path, gzipSync(bytes).subarray(0, 300));
    await expect(open(`oci-archive:${path}`)).rejects.toThrow('damaged gzip');
    expect((await scratch.cacheFiles()).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('follows no link out of the archive', async () => {
    const layout = join(scratch.path, 'layout');
    await mkdir(layout);
    await symlink('/etc/passwd', join(layout, 'oci-layout'));
    const path = join(scratch.path, 'a.tar');
    execFileSync('tar', ['-cf', path, '-C', layout, 'oci-layout']);
    await expect(open(`oci-archive:${path}`)).rejects.toThrow('no oci-layout in the archive');
  });

  it('ends on any bytes', async () => {
    const header = (await tar({ 'oci-layout': '{}' })).subarray(0, 512);
    const path = join(scratch.path, 'any.tar');
    await fc.assert(
      fc.asyncProperty(fc.nat(511), fc.uint8Array({ maxLength: 600 }), async (at, bytes) => {
        const changed = Buffer.concat([header, Buffer.from(bytes)]);
        changed.set(bytes.subarray(0, 20), at);
        await writeFile(path, changed);
        await expect(open(`oci-archive:${path}`)).rejects.toBeInstanceOf(LupineError);
      }),
      { numRuns: 100 },
    );
  });
});
