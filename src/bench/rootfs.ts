/**
 * From layers to a root file system: `lupine image rootfs`, which unpacks nothing, against
 * `umoci unpack` and the file system's own mkfs on the result. Each of our runs starts with an empty
 * cache. One unpacking serves the mkfs of all formats, and counts in full in each.
 */

import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cost } from './measure.js';
import { measure } from './measure.js';
import { makeSampleImage, type SampleImage } from './sample-image.js';
import { median } from './statistics.js';
import { compileTool, lupine } from './tools.js';
import type { Experiment, Finding, Setup } from './types.js';

const RUNS = 3;
/** Asked for; what directories themselves take is not content, so that about 300 MB come out. */
const IMAGE_BYTES = 345e6;
const LARGE_IMAGE_BYTES = 1.2e9;
const MEMORY_GOAL_MIB = 200e6 / 2 ** 20;

/** What makes the same file system from a directory; with the options that our own writers use. */
const formats = {
  ext2: (output: string, tree: string, bytes: number) =>
    ['mke2fs', '-q', '-F', '-t', 'ext2', '-m', '0', '-d', tree, output].concat(
      // Its size must be told: ours, and some room for its own layout.
      `${Math.ceil((bytes * 1.2) / 1024)}k`,
    ),
  squashfs: (output: string, tree: string) =>
    ['mksquashfs', tree, output, '-comp', 'lz4', '-noI', '-mem', '16M'].concat([
      '-noappend',
      '-quiet',
      '-no-progress',
    ]),
  erofs: (output: string, tree: string) => ['mkfs.erofs', '--quiet', output, tree],
} as const;
type Format = keyof typeof formats;
const names = Object.keys(formats) as Format[];

type Costs = Record<Format, Cost[]>;
const none = (): Costs => ({ ext2: [], squashfs: [], erofs: [] });

export const rootfs: Experiment = {
  name: 'rootfs',
  description: 'layers to a root file system: `lupine image rootfs` against `umoci unpack` + mkfs',
  async run(setup: Setup) {
    const bench = await prepare(setup, 'sample', IMAGE_BYTES);
    const ours = none();
    const unpacked: Cost[] = [];
    const rawUnpacked: Cost[] = [];
    const made = none();
    for (let run = 0; run < (setup.runs ?? RUNS); run++) {
      const sizes: Partial<Record<Format, number>> = {};
      for (const format of names) {
        const { cost, bytes } = await bench.ours(format);
        ours[format].push(cost);
        sizes[format] = bytes;
      }
      rawUnpacked.push(await bench.unpack('raw'));
      unpacked.push(await bench.unpack());
      for (const format of names) made[format].push(await bench.mkfs(format, sizes[format] ?? 0));
    }
    const large = await prepare(setup, 'large', LARGE_IMAGE_BYTES);
    const largeCosts = none();
    for (const format of names) largeCosts[format].push((await large.ours(format)).cost);
    return {
      findings: [
        ...names.flatMap((format) => times(format, ours[format], unpacked, made[format])),
        ...names.map((format) => versusRaw(format, ours[format], rawUnpacked, made[format])),
        ...names.map((format) => memory(format, ours[format], bench.image)),
        ...names.map((format) => memory(format, largeCosts[format], large.image)),
      ],
      notes: [
        `the image: ${describe(bench.image)}; the large one: ${describe(large.image)}`,
        'page cache warm on both sides; nothing is flushed to the disk on either',
        '`umoci unpack` also writes the checksums that `umoci repack` needs; `umoci raw unpack` does not',
        'memory: of all processes together, each page once, sampled every 100 ms',
      ],
    };
  },
};

function describe({ bytes, entries }: SampleImage): string {
  return `${Math.round(bytes / 1e6)} MB of content in ${entries} entries`;
}

/** Sums, run by run, of unpacking and mkfs. */
function both(unpack: readonly Cost[], mkfs: readonly Cost[], key: 'wallMs' | 'cpuMs'): number[] {
  return unpack.map((cost, run) => (cost[key] + (mkfs[run]?.[key] ?? 0)) / 1000);
}

function times(
  format: Format,
  ours: readonly Cost[],
  unpack: readonly Cost[],
  mkfs: readonly Cost[],
): Finding[] {
  const tool = formats[format]('', '', 0)[0] ?? '';
  return (['wallMs', 'cpuMs'] as const).map((key) => {
    const own = ours.map((cost) => cost[key] / 1000);
    const reference = both(unpack, mkfs, key);
    return {
      what: `${format}, ${key === 'wallMs' ? 'wall clock' : 'processor time'}`,
      unit: 's',
      ours: { name: 'lupine image rootfs', runs: own },
      reference: { name: `umoci unpack + ${tool}`, runs: reference },
      goal: { text: 'at least as fast', met: median(own) <= median(reference) },
    };
  });
}

function versusRaw(
  format: Format,
  ours: readonly Cost[],
  unpack: readonly Cost[],
  mkfs: readonly Cost[],
): Finding {
  return {
    what: `${format}, processor time, without checksums`,
    unit: 's',
    ours: { name: 'lupine image rootfs', runs: ours.map(({ cpuMs }) => cpuMs / 1000) },
    reference: { name: 'umoci raw unpack + mkfs', runs: both(unpack, mkfs, 'cpuMs') },
  };
}

function memory(format: Format, costs: readonly Cost[], image: SampleImage): Finding {
  const runs = costs.map(({ peakTogetherMiB }) => peakTogetherMiB);
  return {
    what: `${format}, memory, image of ${Math.round(image.bytes / 1e6)} MB`,
    unit: 'MiB',
    ours: { name: 'lupine image rootfs', runs },
    goal: { text: 'under 200 MB', met: Math.max(...runs) < MEMORY_GOAL_MIB },
  };
}

/** An image, and how each step is measured on it. */
async function prepare({ directory, context }: Setup, name: string, bytes: number) {
  const tool = await compileTool('measure', directory);
  const base = join(directory, name);
  await mkdir(base);
  const image = await makeSampleImage(join(base, 'oci'), bytes, context);
  await warm(join(base, 'oci/blobs/sha256'));
  const at = (file: string) => join(base, file);
  const fresh = async (path: string) => rm(path, { recursive: true, force: true });
  const bundle = at('bundle');
  const step = (command: readonly string[], sampleMemory = false, env = {}) =>
    measure(tool, command, { env, sampleMemory, signal: context.signal });
  return {
    image,
    async ours(format: Format) {
      const cache = at('cache');
      const output = at(`ours.${format}`);
      await Promise.all([fresh(cache), fresh(output)]);
      const args = ['image', 'rootfs', `oci:${image.name}`, '-o', output, '--format', format, '-q'];
      const cost = await step([...lupine, ...args], true, { LUPINE_CACHE: cache });
      const { size } = await stat(output);
      await Promise.all([fresh(cache), fresh(output)]);
      return { cost, bytes: size };
    },
    /** Leaves the unpacked tree for `mkfs`. */
    async unpack(how?: 'raw') {
      await fresh(bundle);
      const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
      const verb = how === 'raw' ? ['raw', 'unpack'] : ['unpack'];
      return step(['umoci', ...verb, ...rootless, '--image', image.name, bundle]);
    },
    async mkfs(format: Format, size: number) {
      const output = at(`theirs.${format}`);
      await fresh(output);
      const cost = await step(formats[format](output, join(bundle, 'rootfs'), size));
      await fresh(output);
      return cost;
    },
  };
}

/** Reads the layers once, so that no side pays for the disk. */
async function warm(blobs: string): Promise<void> {
  for (const name of await readdir(blobs)) await readFile(join(blobs, name));
}
