/**
 * Releases of kernel.org: which versions a line has, and a tarball that is what its developer
 * signed. One signed list of checksums names every release of a major version, so it answers both
 * "what is the newest" and "what must this file hash to".
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { lock } from '../support/lock.js';
import { download, fetchSmall } from './download.js';
import { checksumSigners, releaseSigners, verifySignature } from './signature.js';
import type { Signer } from './signature.js';

export interface Upstream {
  /** Ends with a slash; below it are `v6.x/` and so on. */
  readonly mirror: string;
  /** A file of public keys; without it they are fetched from their owners' directory. */
  readonly keyring?: string | undefined;
  readonly releaseSigners: readonly Signer[];
  readonly checksumSigners: readonly Signer[];
}

export interface Release {
  readonly version: string;
  readonly sha256: string;
}

const SUMS_LIMIT = 16_000_000;
const SIGNATURE_LIMIT = 100_000;

/** kernel.org, or what LUPINE_KERNEL_MIRROR and LUPINE_KERNEL_KEYRING name. */
export function kernelOrg(): Upstream {
  const mirror = process.env['LUPINE_KERNEL_MIRROR'] ?? 'https://cdn.kernel.org/pub/linux/kernel/';
  return {
    mirror: mirror.endsWith('/') ? mirror : `${mirror}/`,
    keyring: process.env['LUPINE_KERNEL_KEYRING'],
    releaseSigners,
    checksumSigners,
  };
}

/**
 * The release with this version, or the newest of a line.
 * @throws LupineError when there is none, or the list is not signed as it must be.
 */
export async function findRelease(
  wanted: { readonly version: string } | { readonly line: string },
  upstream: Upstream,
  directory: string,
  context: Context,
): Promise<Release> {
  const name = 'version' in wanted ? wanted.version : wanted.line;
  const url = `${seriesUrl(name, upstream)}sha256sums.asc`;
  const signed = await fetchSmall(url, SUMS_LIMIT, context);
  if (signed === undefined) throw noRelease(name, url);
  const path = join(directory, `sha256sums.${process.pid}.asc`);
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(path, signed);
    const keys = { file: upstream.keyring, directory: join(directory, 'keys') };
    const sums = await verifySignature(path, undefined, upstream.checksumSigners, keys, context);
    const releases = parseChecksums(sums);
    const found =
      'version' in wanted
        ? releases.find(({ version }) => version === wanted.version)
        : newestOf(releases, wanted.line);
    if (found === undefined) throw noRelease(name, url);
    return found;
  } finally {
    await rm(path, { force: true });
  }
}

/** Parses the list's `<sha256>  linux-<version>.tar.xz` lines; others are of no interest. */
export function parseChecksums(text: string): Release[] {
  return [...text.matchAll(/^([0-9a-f]{64}) {2}linux-(\d+\.\d+(?:\.\d+)?)\.tar\.xz$/gm)].map(
    ([, sha256 = '', version = '']) => ({ version, sha256 }),
  );
}

/** The newest release of a line such as `6.12`. */
export function newestOf(releases: readonly Release[], line: string): Release | undefined {
  const patchLevel = ({ version }: Release) => Number(version.split('.')[2] ?? 0);
  return releases
    .filter(({ version }) => version === line || version.startsWith(`${line}.`))
    .reduce<Release | undefined>(
      (best, next) => (best === undefined || patchLevel(next) > patchLevel(best) ? next : best),
      undefined,
    );
}

/**
 * Downloads a release and hands over the path of its verified tarball, which is removed afterwards.
 * @throws LupineError when checksum or signature is wrong: then nothing of it is kept.
 */
export async function withTarball<T>(
  release: Release,
  upstream: Upstream,
  directory: string,
  context: Context,
  use: (tarball: string) => Promise<T>,
): Promise<T> {
  const base = `${seriesUrl(release.version, upstream)}linux-${release.version}.tar`;
  const tarball = join(directory, `linux-${release.version}.tar.xz`);
  const signature = join(directory, `linux-${release.version}.tar.sign`);
  const held = await lock(`${tarball}.lock`, { signal: context.signal });
  try {
    const detached = await fetchSmall(`${base}.sign`, SIGNATURE_LIMIT, context);
    if (detached === undefined) throw noRelease(release.version, `${base}.sign`);
    await writeFile(signature, detached);
    await download(`${base}.xz`, tarball, context);
    try {
      await verifyTarball(tarball, signature, release, upstream, directory, context);
    } catch (error) {
      // A resumed download may have glued two files: what is wrong must not be resumed again.
      await rm(tarball, { force: true });
      throw error;
    }
    const result = await use(tarball);
    await rm(tarball, { force: true });
    return result;
  } finally {
    await rm(signature, { force: true });
    await held.release();
  }
}

async function verifyTarball(
  tarball: string,
  signature: string,
  release: Release,
  upstream: Upstream,
  directory: string,
  context: Context,
): Promise<void> {
  const task = context.progress.task(`verifying linux-${release.version}.tar.xz`);
  try {
    const sha256 = await sha256Of(tarball);
    if (sha256 !== release.sha256) {
      throw new LupineError('the downloaded kernel has the wrong checksum', {
        where: `linux-${release.version}.tar.xz is ${sha256}, must be ${release.sha256}`,
        fix: 'run the command again; if it stays so, use another LUPINE_KERNEL_MIRROR',
      });
    }
    // The signature is over the uncompressed tarball.
    const xz = spawn('xz', ['--decompress', '--stdout', '--threads=0', tarball], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const failed = new Promise<never>((_, reject) => xz.once('error', reject));
    const keys = { file: upstream.keyring, directory: join(directory, 'keys') };
    const { releaseSigners: signers } = upstream;
    try {
      await Promise.race([failed, verifySignature(signature, xz.stdout, signers, keys, context)]);
    } finally {
      xz.kill();
    }
  } catch (error) {
    task.fail();
    throw error;
  }
  task.succeed();
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

function seriesUrl(version: string, upstream: Upstream): string {
  return new URL(`v${version.split('.')[0] ?? ''}.x/`, upstream.mirror).href;
}

function noRelease(name: string, where: string): LupineError {
  return new LupineError(`kernel.org has no Linux ${name}`, {
    where,
    fix: 'choose a version that https://www.kernel.org lists, e.g. the line 6.12',
  });
}
