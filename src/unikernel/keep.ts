/**
 * The keeper of a background VM, as a process: boots it, writes its output to the log, starts it again
 * where its restart policy says so, and ends with it.
 */

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  endingOf,
  files,
  Keeper,
  LogWriter,
  takeOver,
  type Ending,
  type RestartPolicy,
  type StoredInstance,
} from '../instance/index.js';
import { LupineError, isSystemError } from '../support/errors.js';
import type { Progress } from '../support/progress.js';
import { boot, type BootedUnikernel } from './boot.js';
import { keepsDisk, readStart } from './instance.js';

/** How the first boot went, for whoever waits for it. */
export interface Report {
  /** Something for the user to read, before the boot is over. */
  note(line: string): void;
  booted(): void;
  failed(error: LupineError): void;
}

/** Milliseconds, docker's: from the first to the longest pause before another start. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 60_000;

/** Milliseconds of running after which a start counts as having worked. */
const WORKED = 10_000;

/** Milliseconds for the application to end when this process is told to. */
const GRACE = 10_000;

/** Keeps an instance until it is over. Never rejects: what goes wrong is reported, or in its state. */
export async function keep(id: string, report: Report): Promise<void> {
  let instance: StoredInstance;
  try {
    instance = await takeOver(id);
  } catch (error) {
    report.failed(userError(error));
    return;
  }
  const keeper = new Keeper<BootedUnikernel>(instance);
  await keeper.listen();
  const log = new LogWriter(join(instance.directory, files.log));
  // The machine goes down, or somebody ends us by hand: the application gets its chance to end well.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
    process.on(signal, () => keeper.stop(GRACE));
  process.on('uncaughtException', (error) => {
    const text = `${new Date().toISOString()} ${String(error.stack)}\n`;
    appendFileSync(join(instance.directory, files.keeperLog), text, { mode: 0o600 });
    process.exit(70);
  });
  try {
    await live(instance, keeper, log, report);
  } finally {
    log.close();
    await keeper.close();
  }
}

async function live(
  instance: StoredInstance,
  keeper: Keeper<BootedUnikernel>,
  log: LogWriter,
  report: Report,
): Promise<void> {
  const wanted = () => !keeper.stopped.aborted;
  let pause = FIRST_PAUSE;
  for (let tries = 0; ; tries++) {
    const startedAt = Date.now();
    const { ending, booted } = await once(instance, keeper, log, report, tries === 0);
    if (Date.now() - startedAt >= WORKED) pause = FIRST_PAUSE;
    // Who started it was told that it cannot be.
    const refused = tries === 0 && !booted;
    const again = !refused && wanted() && wantsAgain(instance.record.restart, ending, tries);
    await keeper.conclude(ending, again);
    if (!again) return;
    await sleep(pause, undefined, { signal: keeper.stopped }).catch(() => undefined);
    if (!wanted()) return;
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** @param tries restarts so far. */
export function wantsAgain(policy: RestartPolicy, { exitCode }: Ending, tries: number): boolean {
  switch (policy.policy) {
    case 'no':
      return false;
    case 'always':
      return true;
    case 'on-failure':
      return exitCode !== 0 && tries < (policy.retries ?? Infinity);
  }
}

/** One boot, to its end. */
async function once(
  instance: StoredInstance,
  keeper: Keeper<BootedUnikernel>,
  log: LogWriter,
  report: Report,
  first: boolean,
): Promise<{ ending: Ending; booted: boolean }> {
  const progress: Progress = {
    task: () => ({ update: () => {}, succeed: () => {}, fail: () => {} }),
    note(line) {
      log.note(line);
      if (first) report.note(line);
    },
  };
  let booted = false;
  try {
    const { unikernel, options } = readStart(instance);
    const { record } = instance;
    const disk = keepsDisk({ unikernel, options }, record)
      ? join(instance.directory, files.disk)
      : undefined;
    const vm = await keeper.boot((directory, signal) =>
      boot(unikernel, options, { directory, name: record.name, disk }, { progress, signal }),
    );
    const drained = (['stdout', 'stderr'] as const).map((stream) => {
      vm[stream].on('data', (data: Buffer) => {
        log.write(stream, data);
        keeper.output(stream, data);
      });
      return new Promise((done) => vm[stream].once('end', done));
    });
    booted = true;
    if (first) report.booted();
    const end = await vm.ended;
    await Promise.all(drained);
    log.flush();
    return { ending: endingOf(end), booted };
  } catch (error) {
    const told = userError(error);
    log.note(told.line);
    if (first && !booted) report.failed(told);
    return { ending: { exitCode: told.exitCode ?? 125, error: told.line }, booted };
  }
}

function userError(error: unknown): LupineError {
  if (error instanceof LupineError) return error;
  if (isSystemError(error, 'ENOSPC')) {
    return new LupineError('the disk is full', { where: error.path ?? '', fix: 'free some space' });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new LupineError('the VM could not be kept', { where: text, cause: error });
}
