/** Starts a unikernel in the background: a keeper, a process of its own, holds it. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import * as v from 'valibot';
import {
  createInstance,
  files,
  NoSuchInstance,
  removeInstance,
  type StoredInstance,
} from '../instance/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { movedEnvironment, packageDirectory } from '../support/paths.js';
import { keepsDisk, newInstance, readStart, type Life } from './instance.js';
import type { RunOptions, Unikernel } from './types.js';

export type { Life };

/** The command line, whose hidden command `keep` is the keeper. */
const PROGRAM = join(packageDirectory, 'dist', 'cli', 'main.js');

/**
 * Starts a unikernel in the background and returns when it runs.
 * @throws LupineError where it cannot be started; nothing is left then.
 */
export async function startDetached(
  unikernel: Unikernel,
  options: RunOptions,
  life: Life,
  context: Context,
): Promise<StoredInstance> {
  const start = { unikernel, options };
  const instance = await createInstance(newInstance(start, life), async (directory) => {
    if (keepsDisk(start, life)) {
      await copySparse(unikernel.files.rootfs, join(directory, files.disk), context);
    }
  });
  try {
    await startKeeper(instance, context);
    return instance;
  } catch (error) {
    await removeInstance(instance.id).catch((other: unknown) => {
      if (!(other instanceof NoSuchInstance)) throw error;
    });
    throw error;
  }
}

/** Starts a VM that has ended once more, as it was started first. @throws LupineError. */
export async function startAgain(instance: StoredInstance, context: Context): Promise<void> {
  readStart(instance);
  const gone = instance.record.uses.find((path) => !existsSync(path));
  if (gone !== undefined) {
    throw new LupineError('a file that the VM is started from is gone', {
      where: gone,
      fix: `remove it (lupine rm ${instance.record.name}) and run it anew`,
    });
  }
  await startKeeper(instance, context);
}

/** Of what was written, only that takes room; of files without copies on write. */
async function copySparse(from: string, to: string, context: Context): Promise<void> {
  const { run } = await import('../support/process.js');
  const signal = context.signal === undefined ? {} : { signal: context.signal };
  await run('cp', ['--sparse=always', '--reflink=auto', '--', from, to], signal);
}

const MessageSchema = v.union([
  v.object({ note: v.string() }),
  v.object({ booted: v.literal(true) }),
  v.object({
    failed: v.string(),
    where: v.optional(v.string()),
    fix: v.optional(v.string()),
    exitCode: v.optional(v.number()),
  }),
]);
export type KeeperMessage = v.InferOutput<typeof MessageSchema>;

/** The descriptor on which a keeper reports: one JSON line a message. */
export const REPORT_DESCRIPTOR = 3;

/** Milliseconds for a keeper to end that could not start its VM. */
const LAST_WORDS = 15_000;

/** @throws LupineError with the keeper's reason when the VM does not come to run. */
async function startKeeper(
  { id, directory }: Pick<StoredInstance, 'id' | 'directory'>,
  context: Context,
): Promise<void> {
  const child = spawn(process.execPath, ['--', PROGRAM, 'keep', id], {
    // Of its own session, and in no directory that somebody may want to unmount.
    detached: true,
    cwd: '/',
    env: movedEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((done) => child.once('close', done));
  const abort = () => child.kill('SIGTERM');
  context.signal?.addEventListener('abort', abort, { once: true });
  try {
    await booted(child.stdio[REPORT_DESCRIPTOR] as Readable, context, dirname(directory));
  } catch (error) {
    // What it leaves must be whole before anybody looks.
    const limit = setTimeout(() => child.kill('SIGKILL'), LAST_WORDS);
    await ended;
    clearTimeout(limit);
    context.signal?.throwIfAborted();
    throw error;
  } finally {
    context.signal?.removeEventListener('abort', abort);
    child.unref();
  }
}

async function booted(report: Readable, context: Context, where: string): Promise<void> {
  let rest = '';
  for await (const chunk of report.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = v.parse(MessageSchema, JSON.parse(line));
      if ('note' in message) context.progress.note(message.note);
      else if ('booted' in message) return;
      else {
        const { failed, ...details } = message;
        throw new LupineError(failed, present(details));
      }
    }
  }
  throw new LupineError('the process that keeps the VM ended at once', { where });
}

function present(details: {
  where?: string | undefined;
  fix?: string | undefined;
  exitCode?: number | undefined;
}) {
  const { where, fix, exitCode } = details;
  return {
    ...(where === undefined ? {} : { where }),
    ...(fix === undefined ? {} : { fix }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}
