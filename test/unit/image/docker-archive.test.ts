import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/index.js';
import { silentProgress } from '../../../src/support/progress.js';
import { image, type TestImage, tar, writeLayout } from './support/images.js';
import { useScratch } from './support/scratch.js';

const scratch = useScratch();
const open = (reference: string) => openImage(reference, {}, { progress: silentProgress });
const layers = [{ 'etc/x': '1', app: 'one' }, { app: 'two' }];

interface Saved {
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[];
  readonly Config?: string;
}

/** As docker save writes it: uncompressed layers in directories of their own. */
async function save(saved: Saved, compress = (bytes: Buffer) => bytes): Promise<string> {
  const it: TestImage = await image(layers);
  const directory = join(scratch.path, 'saved');
  const put = async (name: string, bytes: string | Buffer) => {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  };
  const names = await Promise.all(
    layers.map(async (files, i) => {
      await put(`layer${i}/layer.tar`, compress(await tar(files)));
      return `layer${i}/layer.tar`;
    }),
  );
  const config = `${it.config.digest.slice(7)}.json`;
  await put(config, it.config.bytes);
  const manifest = { Config: config, RepoTags: ['web:1'], Layers: names, ...saved };
  await put('manifest.json', JSON.stringify([manifest]));
  return directory;
}

function archive(directory: string): string {
  const path = join(scratch.path, 'saved.tar');
  execFileSync('tar', ['-cf', path, '-C', directory, '.']);
  return path;
}

describe('docker-archive:', () => {
  it('equals the same image as a layout, also with compressed layers', async () => {
    const it = await image(layers);
    await writeLayout(join(scratch.path, 'layout'), [{ image: it }]);
    const expected = await open(`oci:${join(scratch.path, 'layout')}`);
    for (const compress of [(b: Buffer) => b, (b: Buffer) => gzipSync(b)]) {
      const path = archive(await save({}, compress));
      for (const reference of [path, `${path}:web:1`, `${path}:docker.io/library/web:1`]) {
        const opened = await open(`docker-archive:${reference}`);
        expect(opened).toMatchObject({ kind: 'docker-archive', name: 'web' });
        expect(opened.tree.digest).toBe(expected.tree.digest);
        expect(opened.digest).toBe(it.config.digest);
        expect((await opened.tree.readFile('app')).toString()).toBe('two');
      }
    }
  });

  it('is named by its file when nobody named it', async () => {
    const opened = await open(`docker-archive:${archive(await save({ RepoTags: null }))}`);
    expect(opened.name).toBe('saved');
  });

  it('follows links between layers, as old dockers wrote them', async () => {
    const directory = await save({ Layers: ['layer0/layer.tar', 'again/layer.tar'] });
    await mkdir(join(directory, 'again'));
    await symlink('../layer1/layer.tar', join(directory, 'again/layer.tar'));
    const opened = await open(`docker-archive:${archive(directory)}`);
    expect((await opened.tree.readFile('app')).toString()).toBe('two');
  });

  it('lists what there is when a name is wrong', async () => {
    const path = archive(await save({}));
    await expect(open(`docker-archive:${path}:other`)).rejects.toMatchObject({
      fix: 'it has web:1',
    });
  });

  it.each([
    ['a missing layer', { Layers: ['layer0/layer.tar', 'none'] }, 'no none in the archive'],
    ['a path out of it', { Config: '../../../etc/passwd' }, 'no ../../../etc/passwd'],
    ['too few layers', { Layers: ['layer0/layer.tar'] }, 'disagree'],
    [
      'layers in the wrong order',
      { Layers: ['layer1/layer.tar', 'layer0/layer.tar'] },
      'not the one its configuration names',
    ],
    ['a bad list', { Layers: [7] as unknown as string[] }, 'Layers'],
  ])('refuses %s', async (_, saved, message) => {
    await expect(open(`docker-archive:${archive(await save(saved))}`)).rejects.toThrow(message);
  });

  it('refuses a configuration that is not what its name says', async () => {
    const directory = await save({ Config: `${'0'.repeat(64)}.json` });
    await writeFile(join(directory, `${'0'.repeat(64)}.json`), '{}');
    await expect(open(`docker-archive:${archive(directory)}`)).rejects.toThrow('wrong digest');
  });

  it('says what an archive is when it is another kind', async () => {
    const old = join(scratch.path, 'old');
    await mkdir(old);
    await writeFile(join(old, 'repositories'), '{}');
    await expect(open(`docker-archive:${archive(old)}`)).rejects.toThrow('before 1.10');
    const layout = join(scratch.path, 'layout');
    await writeLayout(layout, [{ image: await image([{ a: '' }]) }]);
    await expect(open(`docker-archive:${archive(layout)}`)).rejects.toMatchObject({
      fix: expect.stringContaining('oci-archive:') as string,
    });
  });
});
