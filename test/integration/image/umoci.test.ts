/**
 * Random honest images, merged by us and unpacked by umoci: the same files. Honest only: this
 * umoci can be made to delete outside its target by a hostile one. Without root, umoci leaves
 * owners as they are and makes no devices; then these are not compared.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { directoryTree } from '../../../src/image/tree/index.js';
import type { FileTree } from '../../../src/image/types.js';
import {
  archive,
  dir,
  file,
  hardlink,
  summary,
  symlink,
  treeOf,
  type Spec,
} from '../../unit/image/tree/archive.js';
import { Model } from '../../unit/image/tree/model.js';

const scratch = mkdtempSync(join(tmpdir(), 'lupine-umoci-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const isRoot = process.getuid?.() === 0;

test.each([1, 2, 3, 4, 5, 6, 7, 8])('image %i', async (seed) => {
  const layers = honestLayers(seed).map((specs) => archive(dir('./', { mtime: 7 }), ...specs));
  const layout = join(scratch, `layout${seed}`);
  const bundle = join(scratch, `bundle${seed}`);
  writeLayout(layout, layers);
  const rootless = isRoot ? [] : ['--rootless'];
  execFileSync('umoci', ['unpack', ...rootless, '--image', `${layout}:test`, bundle]);
  const theirs = await directoryTree(join(bundle, 'rootfs'));
  const ours = await treeOf(layers);
  expect(ours.entryCount).toBeGreaterThan(5);
  expect(await summary(ours)).toEqual(await summary(theirs));
  expect(metadata(ours)).toEqual(metadata(theirs));
});

function metadata(tree: FileTree) {
  return [...tree.entries()].map(({ path, type, mode, uid, gid, mtime, size, major, minor }) => ({
    ...{ path, type, mode, mtime, size, major, minor },
    ...(isRoot ? { uid, gid } : {}),
  }));
}

/** Layers as a build would leave them: parents stated first, whiteouts before siblings, no name twice. */
function honestLayers(seed: number): Spec[][] {
  const random = generator(seed);
  const pick = <T>(from: readonly T[]): T | undefined => from[random(from.length)];
  const model = new Model();
  return Array.from({ length: 4 }, (_, number) => {
    const paths = model.paths();
    const specs: Spec[] = [];
    const fresh: string[] = [];
    for (let i = 0; number > 0 && i < 4; i += 1) {
      const [hidden, type] = pick(paths) ?? ['', 'file'];
      const slash = hidden.lastIndexOf('/') + 1;
      if (fresh.some((one) => one.startsWith(hidden) || hidden.startsWith(one))) continue;
      fresh.push(hidden);
      if (type === 'directory' && random(2) === 0) {
        specs.push(...stated(hidden), file(`${hidden}/.wh..wh..opq`));
      } else {
        specs.push(file(`${hidden.slice(0, slash)}.wh.${hidden.slice(slash)}`));
      }
    }
    model.apply(specs);
    for (let i = 0; i < 60; i += 1) {
      const directories = model.paths().filter(([, type]) => type === 'directory');
      const parent = random(3) === 0 ? '' : `${pick(directories)?.[0] ?? '.'}/`.replace('./', '');
      const path = `${parent}${pick(['a', 'b', 'c', 'd', 'é', 'x.y'] as const) ?? ''}`;
      if (specs.some(({ name }) => String(name) === path)) continue;
      const spec = anEntry(path, model, random);
      if (spec === undefined || !model.accepts([spec])) continue;
      model.apply([spec]);
      specs.push(spec);
    }
    return specs;
  });

  function stated(path: string): Spec[] {
    const parts = path.split('/');
    return parts.map((_, i) => dir(parts.slice(0, i + 1).join('/'), { mtime: 8, mode: 0o755 }));
  }
}

function anEntry(path: string, model: Model, random: (below: number) => number): Spec | undefined {
  const common = {
    mtime: 1_000_000 + random(1_000_000),
    uid: random(3) * 500,
    gid: random(2) * 50,
    mode: [0o644, 0o755, 0o4755, 0o2711, 0o600][random(5)] ?? 0,
  };
  // Not into what the link itself replaces: umoci removes that first.
  const files = model
    .paths()
    .filter(([to, type]) => type === 'file' && !`${to}/`.startsWith(`${path}/`));
  switch (random(isRoot ? 8 : 7)) {
    case 0:
    case 1:
      return { ...symlink(path, ['a', '/d/c', '../nowhere'][random(3)] ?? ''), ...common };
    case 2: {
      const [to] = files[random(files.length)] ?? [];
      return to === undefined ? undefined : hardlink(path, to);
    }
    case 3:
    case 4:
      return dir(path, common);
    case 5:
    case 6:
      return file(path, 'content '.repeat(random(300)), common);
    default:
      return { name: path, type: '3', major: random(200), minor: random(70_000), ...common };
  }
}

/** A linear congruential generator (Numerical Recipes), so that an image has a number. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function writeLayout(path: string, layers: readonly Buffer[]): void {
  const blobs = join(path, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const type = 'application/vnd.oci.image';
  const stored = layers.map((bytes) => put(`${type}.layer.v1.tar`, bytes));
  const config = put(
    `${type}.config.v1+json`,
    json({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: stored.map(({ digest }) => digest) },
    }),
  );
  const manifest = put(
    `${type}.manifest.v1+json`,
    json({ schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config, layers: stored }),
  );
  const annotations = { 'org.opencontainers.image.ref.name': 'test' };
  writeFileSync(
    join(path, 'index.json'),
    json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  writeFileSync(join(path, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}
