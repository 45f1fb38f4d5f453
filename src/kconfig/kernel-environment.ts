/**
 * The environment that the kernel's makefiles give to their own Kconfig programs. Kconfig files ask it
 * for the architecture, the version and the names of the tools; probes run with it.
 */

import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { KconfigError } from './errors.js';
import type { Shell } from './preprocess.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface KernelEnvironmentOptions {
  /** As after `make ARCH=`; x86_64, i386, arm64, riscv, … */
  readonly arch: string;
  /** Variables as after `make`, such as CC, LD or CROSS_COMPILE. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Directories under arch/ that serve several values of ARCH. */
const sourceArchitectures: ReadonlyMap<string, string> = new Map([
  ['i386', 'x86'],
  ['x86_64', 'x86'],
  ['sparc64', 'sparc'],
  ['parisc64', 'parisc'],
]);

/** Architectures whose makefile looks for a cross compiler by itself, with the prefixes it tries. */
const crossPrefixes: ReadonlyMap<string, readonly string[]> = new Map([
  ['m68k', ['m68k-linux-gnu-', 'm68k-linux-', 'm68k-unknown-linux-gnu-']],
  [
    'powerpc',
    ['powerpc', 'powerpc64', 'powerpc64le'].flatMap((name) =>
      ['linux', 'linux-gnu', 'unknown-linux-gnu'].map((suffix) => `${name}-${suffix}-`),
    ),
  ],
  ['sh', ['sh-linux-', 'sh-linux-gnu-', 'sh-unknown-linux-gnu-']],
]);

/** Flags that some architectures' makefiles add to a tool. */
const symbolListers: ReadonlyMap<string, string> = new Map([
  ['alpha', 'nm -B'],
  ['powerpc', 'nm --synthetic'],
]);

const fixed = {
  AWK: 'awk',
  BASH: 'bash',
  BINDGEN: 'bindgen',
  CONFIG_SHELL: 'sh',
  HOSTCC: 'gcc',
  HOSTCXX: 'g++',
  HOSTPKG_CONFIG: 'pkg-config',
  HOSTRUSTC: 'rustc',
  LC_COLLATE: 'C',
  LC_NUMERIC: 'C',
  LEX: 'flex',
  PAHOLE: 'pahole',
  PERL: 'perl',
  PYTHON3: 'python3',
  RUSTC: 'rustc',
  RUSTC_BOOTSTRAP: '1',
  RUSTDOC: 'rustdoc',
  RUSTFMT: 'rustfmt',
  YACC: 'bison',
  objtree: '.',
} as const;

/**
 * What the top makefile exports before it has run any tool.
 * @throws KconfigError where `tree` is no kernel tree.
 */
export function toolEnvironment(tree: string, options: KernelEnvironmentOptions): Environment {
  const { arch, variables = {} } = options;
  const sourceArch = sourceArchitectures.get(arch) ?? arch;
  const cross = variables['CROSS_COMPILE'] ?? detectedPrefix(sourceArch);
  const compiler = variables['CC'] ?? `${cross}gcc`;
  return {
    ...fixed,
    ...version(tree),
    ARCH: arch,
    SRCARCH: sourceArch,
    ...(arch === 'um' && { SUBARCH: hostArchitecture(), HEADER_ARCH: hostArchitecture() }),
    srctree: resolve(tree),
    CROSS_COMPILE: cross,
    CC: compiler,
    CPP: `${compiler} -E`,
    LD: `${cross}ld`,
    AR: `${cross}ar`,
    NM: `${cross}${symbolListers.get(sourceArch) ?? 'nm'}`,
    OBJCOPY: `${cross}objcopy`,
    OBJDUMP: `${cross}objdump`,
    READELF: `${cross}readelf`,
    STRIP: `${cross}strip`,
    ...variables,
  };
}

/** {@link toolEnvironment}, with what the tools say of themselves. */
export function kernelEnvironment(tools: Environment, shell: Shell): Environment {
  const compiler = shell(`LC_ALL=C ${tools['CC'] ?? ''} --version 2>/dev/null | head -n 1`);
  const rust = shell(`${tools['RUSTC'] ?? ''} --version 2>/dev/null`);
  return { ...tools, CC_VERSION_TEXT: oneLine(compiler), RUSTC_VERSION_TEXT: oneLine(rust) };
}

/** As make keeps a command's output; the makefile removes `#`. */
function oneLine(output: string): string {
  return output.replace(/\n+$/, '').replaceAll('\n', ' ').replaceAll('#', '');
}

function version(tree: string): Record<string, string> {
  const file = join(tree, 'Makefile');
  let makefile: string;
  try {
    makefile = readFileSync(file, 'utf8');
  } catch {
    throw new KconfigError([{ text: `can't find file ${file}` }]);
  }
  const value = (name: string) =>
    new RegExp(`^${name} *=[ \\t]*(.*)$`, 'm').exec(makefile)?.[1] ?? '';
  const [VERSION, PATCHLEVEL, SUBLEVEL] = [
    value('VERSION'),
    value('PATCHLEVEL'),
    value('SUBLEVEL'),
  ];
  const numbers = [VERSION, PATCHLEVEL, SUBLEVEL].filter((number) => number !== '');
  const KERNELVERSION = numbers.join('.') + value('EXTRAVERSION');
  return { VERSION, PATCHLEVEL, SUBLEVEL, KERNELVERSION };
}

function detectedPrefix(sourceArch: string): string {
  if (sourceArch === hostArchitecture()) return '';
  return crossPrefixes.get(sourceArch)?.find((prefix) => findProgram(`${prefix}gcc`)) ?? '';
}

function hostArchitecture(): string {
  switch (process.arch) {
    case 'x64':
    case 'ia32':
      return 'x86';
    case 'ppc64':
      return 'powerpc';
    case 's390x':
      return 's390';
    case 'riscv64':
      return 'riscv';
    default:
      return process.arch;
  }
}

/** @returns the path of a program, looked up as a shell does. */
export function findProgram(name: string): string | undefined {
  const candidates = name.includes('/')
    ? [name]
    : (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory || '.', name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
