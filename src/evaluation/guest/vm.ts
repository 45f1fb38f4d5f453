/** Boots a kernel with one of the guest's benchmark programs and returns what it printed. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Accelerator, Monitor } from '../../monitor/index.js';
import { cpioArchive, type CpioFile } from '../../rootfs/index.js';
import { LupineError } from '../../support/errors.js';
import { packageDirectory } from '../../support/paths.js';

export type BenchProgram =
  'first' | 'syscall' | 'crossing' | 'background' | 'processes' | 'smp' | 'drive';

/** Where VMs run, and by which accelerator. */
export interface Bench {
  readonly monitor: Monitor;
  readonly accelerator: Accelerator;
  readonly hostCpu?: number;
  readonly directory: string;
}

export interface GuestRun {
  readonly kernel: string;
  readonly parameters: string;
  /** An archive of {@link benchArchive}, in a file. */
  readonly initrd: string;
  readonly memoryMiB: number;
  /** The first disk, which stays as it is. Its timing is the host's: nothing is repeatable with it. */
  readonly disk?: string;
  readonly signal: AbortSignal | undefined;
}

export interface GuestText {
  /** All of the serial console. */
  readonly console: string;
  /** Of the host's clock, from the start of the monitor to the guest's last byte. */
  readonly wallMs: number;
}

/** Milliseconds of the host's clock for one VM. An emulated one on a busy host needs a part of it. */
const LIMIT_MS = 600_000;

/** Console bytes kept; a guest that says more is out of its mind. */
const MOST_BYTES = 16 * 1024 * 1024;

/** The initrd of a program, with what it needs beside it. Nothing in it depends on when it is made. */
export async function benchArchive(
  program: BenchProgram,
  files: readonly CpioFile[] = [],
): Promise<Buffer> {
  const path = join(packageDirectory, 'guest/build/bench', program);
  if (!existsSync(path)) {
    throw new LupineError("the guest's benchmark programs are not built", {
      where: path,
      fix: `make -C ${join(packageDirectory, 'guest')}`,
    });
  }
  const init = { path: 'init', mode: 0o755, content: await readFile(path) };
  return cpioArchive([init, ...files]);
}

/** Writes an archive, after others that exist already, as an initrd of the bench. */
export async function writeInitrd(
  { directory }: Bench,
  archive: Buffer,
  before?: string,
): Promise<string> {
  const path = join(directory, `initrd-${randomBytes(6).toString('hex')}`);
  const parts = before === undefined ? [archive] : [await readFile(before), archive];
  await writeFile(path, Buffer.concat(parts));
  return path;
}

/**
 * One boot to the end of the VM.
 * @throws LupineError when the monitor fails or the time is up; the signal's reason.
 */
export async function runGuest(bench: Bench, run: GuestRun): Promise<GuestText> {
  const directory = join(bench.directory, `vm-${randomBytes(6).toString('hex')}`);
  await mkdir(directory);
  const limit = AbortSignal.timeout(LIMIT_MS);
  const signals = run.signal === undefined ? [limit] : [limit, run.signal];
  try {
    const started = performance.now();
    const vm = await bench.monitor.start(
      {
        name: 'bench',
        kernel: run.kernel,
        initrd: run.initrd,
        // How many page tables fork copies depends on where things lie: a matter of luck, else.
        cmdline: `quiet norandmaps ${run.parameters}`.trimEnd(),
        memoryMiB: run.memoryMiB,
        cpus: 1,
        accelerator: bench.accelerator,
        countInstructions: bench.accelerator === 'tcg',
        ...(bench.hostCpu === undefined ? {} : { hostCpu: bench.hostCpu }),
        disks: run.disk === undefined ? [] : [{ path: run.disk, readOnly: false, snapshot: true }],
        network: { mode: 'none' },
        directory,
      },
      AbortSignal.any(signals),
    );
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of vm.console as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) vm.kill();
    }
    const wallMs = performance.now() - started;
    const end = await vm.ended;
    run.signal?.throwIfAborted();
    const console = Buffer.concat(chunks).toString('latin1');
    if (limit.aborted) throw new LupineError('the guest took too long', { where: last(console) });
    if (end.kind === 'failed') throw new LupineError('the VM failed', { where: end.reason });
    return { console, wallMs };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function last(console: string): string {
  return console.trimEnd().split(/\r*\n/).at(-1) ?? '';
}
