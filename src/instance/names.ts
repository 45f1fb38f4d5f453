/**
 * Names of instances. A name belongs to who made the link `names/NAME`, which only one process can; it
 * points to the id. A link to an instance that is gone is stale.
 */

import { randomInt } from 'node:crypto';
import { mkdir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError, isSystemError } from '../support/errors.js';
import { NAME } from './record.js';

/** @throws LupineError for what cannot be a name. */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new LupineError('not a name for a VM', {
    where: name,
    fix: 'use two or more letters, digits, _, . and -, the first a letter or a digit',
  });
}

/**
 * Takes a name for an instance.
 * @param remains whether the instance of an id is still there.
 * @throws LupineError when another has it.
 */
export async function claimName(
  root: string,
  name: string,
  id: string,
  remains: (id: string) => Promise<boolean>,
): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  if (await link(root, name, id)) return;
  // Loaded late: most names are free.
  const { lock } = await import('../support/lock.js');
  const held = await lock(join(root, '.lock'));
  try {
    const holder = await holderOf(root, name);
    if (holder === id) return;
    if (holder !== undefined && (await remains(holder))) throw nameTaken(name, holder);
    if (holder !== undefined) await unlink(join(root, name));
    // Somebody without the lock may have been quicker since.
    if (await link(root, name, id)) return;
    throw nameTaken(name, (await holderOf(root, name)) ?? '');
  } finally {
    await held.release();
  }
}

/** Gives a name back, if this instance has it. */
export async function releaseName(root: string, name: string, id: string): Promise<void> {
  if ((await holderOf(root, name)) !== id) return;
  await unlink(join(root, name)).catch(ignoreAbsent);
}

/** Gives back whatever names an instance has. */
export async function releaseNames(root: string, id: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (NAME.test(name)) await releaseName(root, name, id);
  }
}

function nameTaken(name: string, holder: string): LupineError {
  return new LupineError('the name is taken', {
    where: `${name} by ${holder}`,
    fix: `choose another, or remove that VM: lupine rm ${name}`,
  });
}

async function link(root: string, name: string, id: string): Promise<boolean> {
  try {
    await symlink(id, join(root, name));
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  }
}

async function holderOf(root: string, name: string): Promise<string | undefined> {
  try {
    return await readlink(join(root, name));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function ignoreAbsent(error: unknown): void {
  if (!isSystemError(error, 'ENOENT')) throw error;
}

/** A name that can be said, e.g. `quiet-heron`. */
export function randomName(): string {
  const one = (words: readonly string[]) => words[randomInt(words.length)] ?? '';
  return `${one(moods)}-${one(birds)}`;
}

const moods = (
  'able agile alert apt bold brave brief bright brisk busy calm candid careful cheery civil clear ' +
  'clever close cool crisp curious deft eager early easy even exact fair fast firm fleet fond frank ' +
  'free fresh gentle glad good grand handy happy hardy honest humble ideal jolly just keen kind late ' +
  'light lively loyal lucid lucky mellow merry mild modest neat nimble noble open patient plain ' +
  'polite prompt proud quick quiet ready royal sharp shy silent simple sleek smart sober sound spry ' +
  'steady still strong subtle sunny sure swift tidy tough true vivid warm wary wild wise witty young'
).split(' ');

const birds = (
  'auk avocet bittern brant bunting bustard buzzard chough coot cormorant crake crane crow cuckoo ' +
  'curlew dipper diver dove duck dunlin dunnock eagle egret eider falcon finch flicker fulmar gadwall ' +
  'gannet godwit goose goshawk grebe grouse gull harrier hawk heron hobby hoopoe ibis jackdaw jay ' +
  'kestrel kite kittiwake knot lapwing lark linnet magpie martin merlin moorhen nightjar nuthatch ' +
  'oriole osprey ouzel owl partridge pelican petrel pintail pipit plover pochard puffin quail rail ' +
  'raven redshank redstart robin rook ruff sandpiper scoter serin shag shearwater shrike siskin skua ' +
  'smew snipe sparrow starling stilt stork swallow swan swift teal tern thrush tit turnstone twite ' +
  'vulture wagtail warbler waxwing wheatear whimbrel wigeon wren'
).split(' ');
