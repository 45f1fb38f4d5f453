/**
 * Named volumes: disks that outlive the VMs that use them. Each is a directory in the state directory
 * with an ext2 image that takes room only for what is written. It appears and disappears by one rename.
 */

import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { listInstances } from '../instance/index.js';
import { writeWhole } from '../support/atomic-file.js';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { lock } from '../support/lock.js';
import { stateDirectory } from '../support/paths.js';
import { temporaryDirectory } from '../support/temporary.js';

/** As of VMs. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{1,127}$/;

const IMAGE = 'disk.img';
const RECORD = 'volume.json';

export const DEFAULT_VOLUME_BYTES = 2 ** 30;

const RecordSchema = v.object({
  version: v.literal(1),
  created: v.pipe(v.string(), v.isoTimestamp()),
  bytes: v.number(),
});

export interface Volume {
  readonly name: string;
  readonly created: string;
  /** What it can hold. */
  readonly bytes: number;
  /** What it takes on this machine's disk. */
  readonly usedBytes: number;
  readonly image: string;
  /** Names of the VMs that have it, those that have ended too. */
  readonly users: readonly string[];
}

const root = () => join(stateDirectory(), 'volumes');

/**
 * Makes an empty volume.
 * @throws LupineError when the name is bad or taken.
 */
export async function createVolume(name: string, bytes: number, context: Context): Promise<void> {
  checkName(name);
  await mkdir(root(), { recursive: true, mode: 0o700 });
  const temporary = await temporaryDirectory(root());
  try {
    const empty = join(temporary, 'empty');
    await mkdir(empty, { mode: 0o755 });
    const [{ openImage }, { buildRootfs }] = await Promise.all([
      import('../image/index.js'),
      import('../rootfs/index.js'),
    ]);
    const { tree } = await openImage(`dir:${empty}`, {}, context);
    const { silentProgress } = await import('../support/progress.js');
    await buildRootfs(tree, { format: 'ext2', freeBytes: bytes }, join(temporary, IMAGE), {
      ...context,
      progress: silentProgress,
    });
    await rm(empty, { recursive: true });
    const record = { version: 1, created: new Date().toISOString(), bytes };
    await writeWhole(join(temporary, RECORD), `${JSON.stringify(record)}\n`);
    await rename(temporary, join(root(), name));
  } catch (error) {
    if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'EEXIST')) throw error;
    throw new LupineError('there is a volume of this name', { where: name });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The image of a volume, which is made when it is not there. @throws LupineError. */
export async function volumeImage(name: string, context: Context): Promise<string> {
  checkName(name);
  const image = join(root(), name, IMAGE);
  if (existsSync(image)) return image;
  const held = await lock(join(root(), '.locks', name));
  try {
    if (!existsSync(image)) await createVolume(name, DEFAULT_VOLUME_BYTES, context);
  } finally {
    await held.release();
  }
  return image;
}

/** All volumes, by name. */
export async function listVolumes(): Promise<Volume[]> {
  const names = await readdir(root()).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  });
  const { instances } = await listInstances();
  const volumes = names
    .filter((name) => NAME.test(name))
    .sort()
    .map(async (name): Promise<Volume> => {
      const image = join(root(), name, IMAGE);
      const users = instances.filter(({ record }) => record.uses.includes(image));
      const { blocks } = await stat(image).catch((cause: unknown) => {
        throw damaged(name, cause);
      });
      return {
        name,
        ...(await readRecord(name)),
        usedBytes: blocks * 512,
        image,
        users: users.map(({ record }) => record.name),
      };
    });
  return Promise.all(volumes);
}

/** Removes a volume and all that is in it. @throws LupineError when there is none, or a VM has it. */
export async function removeVolume(name: string): Promise<void> {
  const directory = join(root(), name);
  if (!NAME.test(name) || !existsSync(directory)) {
    throw new LupineError('no such volume', { where: name, fix: 'lupine volume ls lists them' });
  }
  const image = join(directory, IMAGE);
  const { instances } = await listInstances();
  const users = instances.filter(({ record }) => record.uses.includes(image));
  if (users.length > 0) {
    throw new LupineError('the volume is in use', {
      where: `${name} by ${users.map(({ record }) => record.name).join(', ')}`,
      fix: 'remove these VMs first',
    });
  }
  const trash = await temporaryDirectory(root());
  try {
    await rename(directory, join(trash, name));
  } catch (error) {
    // Somebody else was quicker.
    if (!isSystemError(error, 'ENOENT')) throw error;
  } finally {
    await rm(trash, { recursive: true, force: true });
  }
}

async function readRecord(name: string): Promise<{ created: string; bytes: number }> {
  try {
    const text = await readFile(join(root(), name, RECORD), 'utf8');
    const { created, bytes } = v.parse(RecordSchema, JSON.parse(text));
    return { created, bytes };
  } catch (cause) {
    throw damaged(name, cause);
  }
}

function damaged(name: string, cause: unknown): LupineError {
  return new LupineError('the volume is damaged', {
    where: join(root(), name),
    fix: `remove it: lupine volume rm ${name}`,
    cause,
  });
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new LupineError('not a name for a volume', {
    where: name,
    fix: 'use two or more letters, digits, _, . and -; a directory of this machine begins with / or .',
  });
}
