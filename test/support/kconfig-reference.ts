/**
 * The kernel's own conf, as the reference for src/kconfig: built from the tree itself, and run on the
 * same files in the same environment. Its compiler probes run once for each architecture
 * (remember-popen.c).
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kconfig } from '../../src/kconfig/index.js';
import type { Output, Target } from '../../src/kconfig/index.js';
import { prepareSource } from '../../src/kernel/index.js';
import { silentProgress } from '../../src/support/progress.js';
import { exec } from './exec.js';

/** One run of a target, on either side. */
export interface Job {
  readonly target: Target | 'randconfig';
  /** Of defconfig: a file of the tree. */
  readonly defconfig?: string;
  /** `.config` and others beside it. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface JobResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly written: string | undefined;
  /** By name, what the build reads; only of conf, where it wrote it. */
  readonly generated: Readonly<Record<string, string>>;
}

const GENERATED = {
  'auto.conf': 'include/config/auto.conf',
  'autoconf.h': 'include/generated/autoconf.h',
  rustc_cfg: 'include/generated/rustc_cfg',
} as const;

/**
 * Where conf runs: it makes a file for every option each time, and a file system on a disk takes longer over
 * their coming and going than conf over its work.
 */
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Where conf is built and run; everything in it goes when `close` is called. */
export class Reference {
  private readonly directory = mkdtempSync(join(tmpdir(), 'lupine-kconfig-'));
  private readonly programs = new Map<string, string>();
  private preload = '';

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A kernel line and architecture, for both sides. */
  async open(line: string, arch: string): Promise<Side> {
    const { path: tree } = await prepareSource({ kind: 'line', line }, [], {
      progress: silentProgress,
    });
    const conf = this.programs.get(tree) ?? (await this.build(tree));
    this.programs.set(tree, conf);
    const answers = join(this.directory, `answers-${line}-${arch}`);
    mkdirSync(answers, { recursive: true });
    const kconfig = Kconfig.load({ tree, arch, cache: join(this.directory, 'cache') });
    return new Side(kconfig, conf, {
      LD_PRELOAD: this.preload,
      REMEMBER_POPEN: answers,
    });
  }

  private async build(tree: string): Promise<string> {
    if (this.preload === '') {
      this.preload = join(this.directory, 'remember-popen.so');
      const source = fileURLToPath(new URL('remember-popen.c', import.meta.url));
      await exec('gcc', ['-shared', '-fPIC', '-O1', '-o', this.preload, source, '-ldl']);
    }
    const output = mkdtempSync(join(this.directory, 'build-'));
    await exec('make', ['-s', '-C', tree, `O=${output}`, 'ARCH=x86_64', 'allnoconfig']);
    return join(output, 'scripts/kconfig/conf');
  }
}

/** Runs jobs by conf and by the library. */
export class Side {
  constructor(
    readonly kconfig: Kconfig,
    private readonly conf: string,
    private readonly preload: Readonly<Record<string, string>>,
  ) {}

  /** What conf does. */
  byConf({ target, defconfig, files = {}, environment = {} }: Job): JobResult {
    const directory = mkdtempSync(join(scratch, 'lupine-conf-'));
    try {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
      const option =
        target === 'defconfig'
          ? `--defconfig=${defconfig ?? ''}`
          : target === 'savedefconfig'
            ? '--savedefconfig=defconfig'
            : `--${target}`;
      const { status, stdout, stderr } = spawnSync(this.conf, [option, 'Kconfig'], {
        cwd: directory,
        env: {
          PATH: process.env['PATH'],
          ...this.kconfig.environment,
          ...environment,
          ...this.preload,
        },
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      const read = (name: string): string | undefined =>
        existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8') : undefined;
      const written = target === 'savedefconfig' ? 'defconfig' : '.config';
      const silent = target === 'listnewconfig' || target === 'helpnewconfig';
      const generated = Object.entries(GENERATED).flatMap(([name, path]) => {
        const text = read(path);
        return text === undefined ? [] : [[name, text] as const];
      });
      return {
        status,
        stdout,
        stderr,
        written: silent || status !== 0 ? undefined : read(written),
        generated: Object.fromEntries(generated),
      };
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  /** What the library does. */
  byLibrary(job: Job & { target: Target }): JobResult {
    const { target, ...options } = job;
    const { status, output, written } = this.kconfig.run(target, options);
    const stream = (name: Output['stream']): string =>
      output.flatMap((each) => (each.stream === name ? [each.text] : [])).join('');
    return { status, stdout: stream('stdout'), stderr: stream('stderr'), written, generated: {} };
  }

  /** Where the two differ: nothing, or the first line of each output that is not the same. */
  differences(job: Job & { target: Target }): string[] {
    const conf = this.byConf(job);
    const library = this.byLibrary(job);
    return (['status', 'stdout', 'stderr', 'written'] as const).flatMap((what) => {
      const difference = firstDifference(String(conf[what]), String(library[what]));
      return difference === undefined ? [] : [`${describeJob(job)}: ${what}: ${difference}`];
    });
  }
}

function describeJob({ target, defconfig }: Job): string {
  return defconfig === undefined ? target : `${target} ${defconfig}`;
}

/** The first line that differs, as conf has it and as the library has it. */
export function firstDifference(conf: string, library: string): string | undefined {
  if (conf === library) return undefined;
  const [theirs, ours] = [conf.split('\n'), library.split('\n')];
  const line = theirs.findIndex((each, index) => each !== ours[index]);
  const at = line < 0 ? theirs.length : line;
  return `line ${at + 1}: conf ${JSON.stringify(theirs[at])}, library ${JSON.stringify(ours[at])}`;
}
