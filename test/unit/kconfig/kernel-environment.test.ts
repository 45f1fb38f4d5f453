import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KconfigError } from '../../../src/kconfig/errors.js';
import { kernelEnvironment, toolEnvironment } from '../../../src/kconfig/kernel-environment.js';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'tree-'));
  const lines = ['VERSION = 6', 'PATCHLEVEL = 12', 'SUBLEVEL = 3', 'EXTRAVERSION = -rc1', ''];
  writeFileSync(join(tree, 'Makefile'), lines.join('\n'));
});
afterEach(() => rmSync(tree, { recursive: true }));

describe('the environment of a kernel', () => {
  it('names version, tree and architecture', () => {
    expect(toolEnvironment(tree, { arch: 'x86_64' })).toMatchObject({
      KERNELVERSION: '6.12.3-rc1',
      srctree: tree,
      ARCH: 'x86_64',
      SRCARCH: 'x86',
      CC: 'gcc',
      LD: 'ld',
    });
    expect(toolEnvironment(tree, { arch: 'arm64' })).toMatchObject({ SRCARCH: 'arm64' });
  });

  it('puts a prefix before the tools, and takes what it is given', () => {
    const variables = { CROSS_COMPILE: 'aarch64-linux-gnu-', LD: 'ld.gold' };
    expect(toolEnvironment(tree, { arch: 'arm64', variables })).toMatchObject({
      CC: 'aarch64-linux-gnu-gcc',
      NM: 'aarch64-linux-gnu-nm',
      LD: 'ld.gold',
    });
  });

  it('has what the tools say of themselves, on one line', () => {
    const environment = kernelEnvironment(toolEnvironment(tree, { arch: 'x86_64' }), (command) =>
      command.includes('gcc --version') ? 'gcc #12\n' : 'rustc 1\n',
    );
    expect(environment).toMatchObject({ CC_VERSION_TEXT: 'gcc 12', RUSTC_VERSION_TEXT: 'rustc 1' });
  });

  it('is of a kernel tree only', () => {
    expect(() => toolEnvironment(join(tree, 'none'), { arch: 'x86_64' })).toThrow(KconfigError);
  });
});
