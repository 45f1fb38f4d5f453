import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  applicationFor,
  applicationNamed,
  loadCatalogue,
  loadManifest,
} from '../../../src/manifest/index.js';

const manifest = (name: string, image: string, program: string) => `name: ${name}
description: ${name}
match: { images: [${image}], programs: [${program}] }
ready: { kind: exit, status: 0 }
memory: 32M
`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'catalogue-'));
  await writeFile(
    join(directory, 'redis.yaml'),
    manifest('redis', 'docker.io/library/redis', 'redis-server'),
  );
  await writeFile(join(directory, 'node.yaml'), manifest('node', 'docker.io/library/node', 'node'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('the catalogue', () => {
  it('finds by repository, then by program, then by name', async () => {
    const catalogue = await loadCatalogue(directory);
    const named = (identity: Parameters<typeof applicationFor>[1]) =>
      applicationFor(catalogue, identity)?.name;
    expect(named({ repository: 'docker.io/library/redis', name: 'redis', program: 'node' })).toBe(
      'redis',
    );
    expect(named({ repository: 'example.org/x/y', name: 'y', program: 'node' })).toBe('node');
    expect(named({ name: 'redis' })).toBe('redis');
    expect(named({ name: 'other', program: 'sh' })).toBeUndefined();
  });

  it('names the nearest application for an unknown one', async () => {
    const catalogue = await loadCatalogue(directory);
    expect(() => applicationNamed(catalogue, 'rediss')).toThrow(
      expect.objectContaining({ fix: 'did you mean redis?' }) as Error,
    );
  });

  it('reads one manifest alone, and as one of all', async () => {
    const catalogue = await loadCatalogue(directory);
    expect(await loadManifest('redis', directory)).toEqual(catalogue.get('redis'));
    await writeFile(join(directory, 'broken.yaml'), '[');
    expect(await loadManifest('redis', directory)).toEqual(catalogue.get('redis'));
  });

  it.each(['rediss', '../redis', ''])('has no manifest %j', async (name) => {
    await expect(loadManifest(name, directory)).rejects.toThrow('no such application');
  });

  it('refuses a manifest under another name', async () => {
    await writeFile(join(directory, 'x.yaml'), manifest('y', 'a/b', 'c'));
    await expect(loadCatalogue(directory)).rejects.toThrow(/not named like its file/);
  });
});
