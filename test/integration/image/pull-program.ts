/**
 * Pulls in a process of their own, so that it can be killed: the sources are stripped of their types
 * into a directory, without a look at them by the compiler.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

const PROGRAM = `
import { openImage } from './src/image/index.js';
const progress = { task: () => ({ update() {}, succeed() {}, fail() {} }), note() {} };
const image = await openImage(process.argv[2], {}, { progress });
console.log(image.tree.digest);
`;

/** Writes the program into a directory; returns its path. */
export async function writePullProgram(directory: string): Promise<string> {
  for (const folder of ['src/image', 'src/support']) {
    const names = await readdir(join(repository, folder), { recursive: true });
    for (const name of names.filter((n) => n.endsWith('.ts'))) {
      const source = await readFile(join(repository, folder, name), 'utf8');
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const out = join(directory, folder, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(out), { recursive: true });
      await writeFile(out, outputText);
    }
  }
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'));
  const program = join(directory, 'pull.js');
  await writeFile(program, PROGRAM);
  return program;
}

export interface Pulling {
  readonly child: ChildProcess;
  /** What it printed, once it has ended. */
  readonly output: Promise<string>;
  /** Its status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export function startPull(program: string, reference: string, cache: string): Pulling {
  const child = spawn(process.execPath, [program, reference], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LUPINE_CACHE: cache },
  });
  const ended = new Promise<number | string>((done) => {
    child.once('close', (status, signal) => done(status ?? signal ?? ''));
  });
  return { child, output: text(child.stdout), ended };
}
