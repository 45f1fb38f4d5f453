import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openImage } from '../../../src/image/index.js';
import type { LupineError } from '../../../src/support/errors.js';
import { silentProgress } from '../../../src/support/progress.js';
import { image, writeLayout } from './support/images.js';
import { useScratch } from './support/scratch.js';

const scratch = useScratch();
const open = (reference: string) => openImage(reference, {}, { progress: silentProgress });

async function lineOf(reference: string): Promise<string> {
  return open(reference).then(
    () => expect.unreachable(),
    (error: unknown) => (error as LupineError).line,
  );
}

describe('openImage', () => {
  it('says what to do about a cache that cannot be used', async () => {
    const layout = join(scratch.path, 'layout');
    await writeLayout(layout, [{ image: await image([{ a: '' }]) }]);
    await writeFile(join(scratch.path, 'file'), '');
    vi.stubEnv('LUPINE_CACHE', join(scratch.path, 'file'));
    expect(await lineOf(`oci:${layout}`)).toMatch(/cache cannot be used.*set LUPINE_CACHE/);
  });

  it('takes a directory as a root file system', async () => {
    const root = join(scratch.path, 'rootfs');
    await mkdir(join(root, 'etc'), { recursive: true });
    await writeFile(join(root, 'etc/hostname'), 'box');
    const opened = await open(`dir:${root}`);
    expect(opened).toMatchObject({ kind: 'directory', name: 'rootfs', layers: [] });
    expect(opened.digest).toBe(opened.tree.digest);
    expect(opened.config).toMatchObject({ entrypoint: [], cmd: [], workingDir: '/' });
    expect((await opened.tree.readFile('etc/hostname')).toString()).toBe('box');
  });

  it("tells skopeo's dir: from a root file system", async () => {
    await writeFile(join(scratch.path, 'version'), 'Directory Transport Version: 1.1\n');
    await writeFile(join(scratch.path, 'manifest.json'), '{}');
    expect(await lineOf(`dir:${scratch.path}`)).toMatch(/skopeo copy dir:.* oci:layout/);
  });

  it('takes a program of this machine', async () => {
    const opened = await open(process.execPath);
    expect(opened).toMatchObject({ kind: 'executable', architecture: 'amd64' });
  });

  it('says what to write for a path that is no program', async () => {
    expect(await lineOf('./no-such-thing')).toMatch(/^no such file: \.\/no-such-thing/);
    expect(await lineOf(scratch.path)).toContain(`dir:${scratch.path}`);
    await writeLayout(scratch.path, [{ image: await image([]) }]);
    expect(await lineOf(scratch.path)).toContain(`oci:${scratch.path}`);
    const tarball = join(scratch.path, 'app.tar');
    await writeFile(tarball, '');
    expect(await lineOf(tarball)).toContain(`docker-archive:${tarball}`);
  });

  it('names the program of this machine when a bare word is no image', async () => {
    const program = join(scratch.path, 'garbage');
    await writeFile(program, '#!/bin/sh\n');
    await chmod(program, 0o755);
    vi.stubEnv('PATH', scratch.path);
    // A proxy that nobody runs: docker.io cannot be reached, whatever this machine's network.
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
    vi.stubEnv('NO_PROXY', '');
    const line = await lineOf('garbage');
    expect(line).toContain(`write its path: ${program}`);
    expect(await lineOf('rubbish')).not.toContain('write its path');
  });
});
