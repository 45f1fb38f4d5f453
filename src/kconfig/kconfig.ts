/** One kernel tree and architecture, read once: the library's front door. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve as absolute } from 'node:path';
import type { Ast } from './ast.js';
import { Configuration } from './configuration.js';
import { kernelEnvironment, toolEnvironment, type Environment } from './kernel-environment.js';
import { tinyconfig } from './kernel-targets.js';
import { parseKconfig } from './load.js';
import type { Output, Space } from './model.js';
import type { Shell } from './preprocess.js';
import { rememberedShell, systemShell } from './probes.js';
import { ReadingRecord, recallSpace, type Reading } from './remembered-space.js';
import { dialectOf, resolve } from './resolve.js';
import { runTarget, type TargetOptions, type TargetResult } from './targets.js';

export interface LoadOptions {
  /** The kernel's source directory. */
  readonly tree: string;
  /** As after `make ARCH=`; x86_64, arm64, riscv, … */
  readonly arch: string;
  /** Variables as after `make`, such as CC, LD or CROSS_COMPILE. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Where answers of the toolchain and spaces are remembered; `~/.cache/lupine/kconfig` otherwise. */
  readonly cache?: string;
}

/** A target, with files given by name instead of a function: `.config` and others beside it. */
export type RunOptions = Omit<TargetOptions, 'read' | 'target'> & {
  readonly files?: Readonly<Record<string, string>>;
};

export class Kconfig {
  private parsed: Ast | undefined;

  private constructor(
    /** Absolute. */
    readonly tree: string,
    readonly environment: Environment,
    readonly space: Space,
    private readonly shell: Shell,
  ) {}

  /**
   * Reads a tree's Kconfig files, or what is remembered of them as long as nothing has changed.
   *
   * @throws KconfigError where they are not well-formed, or depend on themselves, with what the
   * kernel's programs would say
   */
  static load({ tree, arch, variables, cache = defaultCache() }: LoadOptions): Kconfig {
    const root = absolute(tree);
    const tools = toolEnvironment(root, { arch, ...(variables && { variables }) });
    const remembered = (environment: Environment) =>
      rememberedShell({
        directory: cache,
        tree: root,
        environment,
        shell: systemShell(environment),
      });
    const environment = kernelEnvironment(tools, remembered(tools));
    const shell = remembered(environment);
    const reading: Reading = {
      directory: join(cache, 'spaces'),
      tree: root,
      name: JSON.stringify([arch, variables]),
      environment,
      shell,
      dialect: dialectOf(root),
    };
    const space = recallSpace(reading);
    if (space !== undefined) return new Kconfig(root, environment, space, shell);
    const record = new ReadingRecord(reading);
    const ast = parseKconfig({
      tree: root,
      environment,
      shell: record.shell,
      opening: record.opening,
    });
    const kconfig = new Kconfig(root, environment, resolve(ast, reading.dialect), shell);
    kconfig.parsed = ast;
    record.keep(kconfig.space, ast.environment);
    return kconfig;
  }

  /** What the files say. Only the space is remembered: the files are read for it if they were not. */
  get ast(): Ast {
    const { tree, environment, shell } = this;
    return (this.parsed ??= parseKconfig({ tree, environment, shell }));
  }

  /** A configuration in which nothing is decided. */
  configuration(report?: (output: Output) => void): Configuration {
    return new Configuration(this.space, report);
  }

  /** What `make TARGET` does, on files given as text; others are read from the tree. */
  run(
    target: TargetOptions['target'] | 'tinyconfig',
    { files = {}, ...options }: RunOptions = {},
  ): TargetResult {
    const read = (name: string): string | undefined => files[name] ?? this.readFromTree(name);
    return target === 'tinyconfig'
      ? tinyconfig(this.space, this.environment['SRCARCH'] ?? '', { ...options, read })
      : runTarget(this.space, { ...options, target, read });
  }

  private readFromTree(name: string): string | undefined {
    try {
      return readFileSync(join(this.tree, name), 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }
}

function defaultCache(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'lupine', 'kconfig');
}
