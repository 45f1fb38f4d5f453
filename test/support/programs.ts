/** The tests' own programs, compiled once for each source and compiler. */

import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDirectory } from './cache.js';
import { exec } from './exec.js';

const sources = fileURLToPath(new URL('programs/', import.meta.url));

/** A static program of `programs/<name>.c`, by musl-gcc. @returns its path. */
export async function muslProgram(name: string): Promise<string> {
  const source = join(sources, `${name}.c`);
  const compiler = await exec('musl-gcc', ['--version']);
  const flags = ['-static', '-Os', '-Wall', '-Wextra', '-Werror', '-s'];
  const key = ['musl', compiler, flags.join(' '), await readFile(source, 'utf8')];
  const directory = await cachedDirectory(key, async (entry) => {
    await exec('musl-gcc', [...flags, '-o', join(entry, name), source]);
  });
  return join(directory, name);
}

/** A static program of `programs/<name>.go`, by the Go on PATH. @returns its path. */
export async function goProgram(name: string): Promise<string> {
  const source = join(sources, `${name}.go`);
  const compiler = await exec('go', ['version']);
  const directory = await cachedDirectory(
    ['go', compiler, await readFile(source, 'utf8')],
    async (entry) => {
      await copyFile(source, join(entry, 'main.go'));
      const env = { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off', GOFLAGS: '' };
      const flags = ['-trimpath', '-ldflags=-s -w', '-o', join(entry, name)];
      await exec('go', ['build', ...flags, 'main.go'], { cwd: entry, env });
    },
  );
  return join(directory, name);
}
