/**
 * From "which Linux" to an unpacked, patched source tree in the cache, keyed by content. Sources
 * are the distribution's source package, a release of kernel.org, or a tree of the user's own, which
 * is never written to: when it must be patched, a copy is.
 */

import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import * as v from 'valibot';
import type { Context } from '../support/context.js';
import { LupineError, isSystemError } from '../support/errors.js';
import { cacheDirectory } from '../support/paths.js';
import { run } from '../support/process.js';
import { cached, keyOf } from '../support/store.js';
import { linuxDirectory } from './compose.js';
import { orDiskFull } from './disk-full.js';
import { fingerprintTree, inspectTree, requireClean } from './local-tree.js';
import { applyPatch, listPatches } from './patches.js';
import type { Patch } from './patches.js';
import type { SourceSpec, SourceTree } from './types.js';
import { findRelease, kernelOrg, sha256Of, withTarball } from './upstream.js';
import type { Upstream } from './upstream.js';

export interface SourceOptions {
  /** Where distributions put kernel source packages. */
  readonly packagesDirectory?: string;
  readonly upstream?: Upstream;
  /** Where patch series are; the installed package's `linux/` unless told. */
  readonly linuxDirectory?: string;
}

/** A tree before it is patched. */
interface Pristine {
  /** Of the content. */
  readonly key: string;
  readonly path: string;
  readonly origin: string;
}

const memoSchema = v.object({ sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) });

/** The store of source trees. */
function sourcesDirectory(): string {
  return join(cacheDirectory(), 'kernel', 'sources');
}

/**
 * Makes a source tree ready: found or downloaded, verified, unpacked, patched.
 * @param series patch series for `listPatches`.
 * @throws LupineError saying what is missing and how to get it.
 */
export async function prepareSource(
  spec: SourceSpec,
  series: readonly string[],
  context: Context,
  options: SourceOptions = {},
): Promise<SourceTree> {
  const local = spec.kind === 'tree';
  const line = await lineOf(spec);
  const patches = await listPatches(series, line, options.linuxDirectory ?? linuxDirectory);
  const pristine = local
    ? await localTree(spec.path)
    : await released(spec, line, context, options);
  const key = keyOf('source', pristine.key, ...patches.map(({ sha256 }) => sha256));
  const path =
    patches.length === 0
      ? pristine.path
      : await cached(
          sourcesDirectory(),
          key,
          (directory) => patched(pristine, patches, directory, local, context),
          context,
        );
  return { key, path, origin: pristine.origin, ...(await inspectTree(path)) };
}

/** The line (`6.12`) of a source, without unpacking anything. */
export async function lineOf(spec: SourceSpec): Promise<string> {
  return spec.kind === 'tree' ? (await inspectTree(resolve(spec.path))).line : lineOfName(spec);
}

/**
 * The distribution's source package of a line: `/usr/src/linux-source-6.12.tar.xz` on Debian,
 * `/usr/src/linux-source-6.8.0.tar.bz2` on Ubuntu. Undefined when it is not installed.
 */
export async function findSourcePackage(
  line: string,
  directory = '/usr/src',
): Promise<string | undefined> {
  const name = new RegExp(
    `^linux-source-${line.replace('.', '\\.')}(\\.\\d+)*\\.tar\\.(xz|bz2|gz|zst)$`,
  );
  try {
    const found = (await readdir(directory))
      .filter((entry) => name.test(entry))
      .sort()
      .at(-1);
    return found === undefined ? undefined : join(directory, found);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function lineOfName(spec: Exclude<SourceSpec, { kind: 'tree' }>): string {
  const name = spec.kind === 'line' ? spec.line : spec.version;
  const pattern = spec.kind === 'line' ? /^(\d+\.\d+)$/ : /^(\d+\.\d+)(?:\.\d+)?$/;
  const line = pattern.exec(name)?.[1];
  if (line !== undefined) return line;
  throw new LupineError(`not a ${spec.kind} of Linux`, {
    where: name,
    fix: spec.kind === 'line' ? 'write it like 6.12' : 'write it like 6.12.30',
  });
}

async function localTree(given: string): Promise<Pristine> {
  const path = resolve(given);
  requireClean(path);
  return { path, origin: path, key: await fingerprintTree(path) };
}

async function released(
  spec: Exclude<SourceSpec, { kind: 'tree' }>,
  line: string,
  context: Context,
  options: SourceOptions,
): Promise<Pristine> {
  if (spec.kind === 'line') {
    const tarball = await findSourcePackage(line, options.packagesDirectory);
    if (tarball !== undefined) return distribution(tarball, context);
  }
  try {
    return await upstream(spec, options.upstream ?? kernelOrg(), context);
  } catch (error) {
    if (spec.kind !== 'line' || !(error instanceof LupineError)) throw error;
    throw new LupineError(`no source of Linux ${line}`, {
      where: `not installed, and not to be had upstream: ${error.line}`,
      fix: `apt-get install linux-source-${line}, or give it a network or a mirror (LUPINE_KERNEL_MIRROR)`,
      cause: error,
    });
  }
}

async function distribution(tarball: string, context: Context): Promise<Pristine> {
  const { size, mtimeMs, ino } = await stat(tarball);
  const name = keyOf('package', tarball, String(size), String(mtimeMs), String(ino));
  const sha256 = await remembered(name, () => sha256Of(tarball));
  return unpacked(tarball, sha256, tarball, context);
}

async function upstream(
  spec: Exclude<SourceSpec, { kind: 'tree' }>,
  from: Upstream,
  context: Context,
): Promise<Pristine> {
  const directory = join(cacheDirectory(), 'kernel', 'downloads');
  const found =
    spec.kind === 'version'
      ? { version: spec.version }
      : await findRelease({ line: spec.line }, from, directory, context);
  const known = await remembered(keyOf('release', from.mirror, found.version), async () => {
    const asked = 'sha256' in found ? found : await findRelease(found, from, directory, context);
    return asked.sha256;
  });
  const origin = `linux-${found.version} of ${from.mirror}`;
  const path = join(sourcesDirectory(), keyOf('tarball', known));
  if (existsSync(path)) return unpacked('', known, origin, context);
  const release = { version: found.version, sha256: known };
  return withTarball(release, from, directory, context, (tarball) =>
    unpacked(tarball, known, origin, context),
  );
}

/** The tree of a tarball with a known checksum, unpacked unless the store has it. */
async function unpacked(
  tarball: string,
  sha256: string,
  origin: string,
  context: Context,
): Promise<Pristine> {
  const key = keyOf('tarball', sha256);
  const path = await cached(
    sourcesDirectory(),
    key,
    (directory) => unpack(tarball, directory, context),
    context,
  );
  return { key, path, origin };
}

async function unpack(tarball: string, directory: string, context: Context): Promise<void> {
  const total = (await stat(tarball)).size;
  const task = context.progress.task(`unpacking ${tarball.split('/').at(-1) ?? tarball}`);
  let done = 0;
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, next) {
      done += chunk.length;
      task.update({ done, total, unit: 'bytes' });
      next(null, chunk);
    },
  });
  try {
    const input = createReadStream(tarball, { highWaterMark: 1 << 18 }).pipe(meter);
    await run(
      'tar',
      [
        ...['--extract', '--file', '-', '--directory', directory, '--strip-components=1'],
        ...['--no-same-owner', '--use-compress-program', decompressor(tarball)],
      ],
      { input, ...signalOf(context) },
    );
    await makeReadOnly(directory, context);
  } catch (error) {
    task.fail();
    throw await orDiskFull(error, directory);
  }
  task.succeed();
}

function decompressor(tarball: string): string {
  if (tarball.endsWith('.bz2')) return 'bzip2';
  if (tarball.endsWith('.gz')) return 'gzip';
  return tarball.endsWith('.zst') ? 'zstd' : 'xz --threads=0';
}

async function patched(
  pristine: Pristine,
  patches: readonly Patch[],
  directory: string,
  local: boolean,
  context: Context,
): Promise<void> {
  const task = context.progress.task(`patching Linux with ${patches.length} patches`);
  try {
    // A tree in the store is read-only, so its files can be shared: patch(1) replaces what it
    // changes. A tree of the user's may be edited in place later, so it is copied.
    const entries = (await readdir(pristine.path)).filter((name) => name !== '.git');
    const share = local ? ['--reflink=auto'] : ['--link'];
    await run('cp', ['--archive', ...share, '--target-directory', directory, '--', ...entries], {
      cwd: pristine.path,
      ...signalOf(context),
    });
    for (const patch of patches) await applyPatch(directory, patch);
    await makeReadOnly(directory, context);
  } catch (error) {
    task.fail();
    throw await orDiskFull(error, directory);
  }
  task.succeed();
}

/** Files only: directories stay writable so that a cache can be removed without being root. */
async function makeReadOnly(directory: string, context: Context): Promise<void> {
  await run(
    'find',
    [directory, '-type', 'f', '-perm', '/222', '-exec', 'chmod', 'a-w', '{}', '+'],
    signalOf(context),
  );
}

/** A checksum that is worth a small file, since finding it again takes a second or a network. */
async function remembered(name: string, find: () => Promise<string>): Promise<string> {
  const directory = join(cacheDirectory(), 'kernel', 'checksums');
  const path = join(directory, `${name}.json`);
  try {
    return v.parse(memoSchema, JSON.parse(await readFile(path, 'utf8'))).sha256;
  } catch {
    const sha256 = await find();
    await mkdir(directory, { recursive: true });
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, JSON.stringify({ sha256 }));
    await rename(temporary, path);
    return sha256;
  }
}

function signalOf(context: Context): { signal: AbortSignal } | Record<string, never> {
  return context.signal === undefined ? {} : { signal: context.signal };
}
