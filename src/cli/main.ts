#!/usr/bin/env -S node --
/**
 * The command line. One file a command describes its flags and calls one function of the library.
 * Only the named command is loaded, and what it needs when it runs: starting a VM waits for no more.
 * The `--` above keeps Node.js from taking `--env-file` for a flag of its own.
 */

import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LupineError, isSystemError, printable } from '../support/errors.js';
import { packageDirectory } from '../support/paths.js';

/** 128 + SIGINT, as a shell reports it. */
const INTERRUPTED = 130;

function version(): string {
  const text = readFileSync(join(packageDirectory, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** In the order of the help. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).runCommand(),
  ps: async () => (await import('./ps.js')).psCommand(),
  logs: async () => (await import('./logs.js')).logsCommand(),
  attach: async () => (await import('./attach.js')).attachCommand(),
  stop: async () => (await import('./stop.js')).stopCommand(),
  start: async () => (await import('./start.js')).startCommand(),
  restart: async () => (await import('./start.js')).restartCommand(),
  kill: async () => (await import('./kill.js')).killCommand(),
  wait: async () => (await import('./wait.js')).waitCommand(),
  rm: async () => (await import('./rm.js')).rmCommand(),
  inspect: async () => (await import('./inspect.js')).inspectCommand(),
  rename: async () => (await import('./rename.js')).renameCommand(),
  stats: async () => (await import('./stats.js')).statsCommand(),
  events: async () => (await import('./events.js')).eventsCommand(),
  volume: async () => (await import('./volume.js')).volumeCommand(),
  network: async () => (await import('./network.js')).networkCommand(),
  build: async () => (await import('./build.js')).buildCommand(),
  kernel: async () => (await import('./kernel.js')).kernelCommand(),
  image: async () => (await import('./image.js')).imageCommand(),
  apps: async () => (await import('./apps.js')).appsCommand(),
  bench: async () => (await import('./bench.js')).benchCommand(),
  cache: async () => (await import('./cache.js')).cacheCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
};

/** What Lupine itself calls. */
const hidden: Readonly<Record<string, () => Promise<Command>>> = {
  keep: async () => (await import('./keep.js')).keepCommand(),
};

/** The completion script, the help and what is said of a mistyped command need them all. */
async function allCommands(program: Command): Promise<Command[]> {
  const { completionCommand } = await import('./completion-command.js');
  const known = await Promise.all(Object.values(commands).map((load) => load()));
  return [...known, completionCommand(() => program)];
}

/** @param name the command that was asked for: no other is loaded. */
async function makeProgram(name: string | undefined): Promise<Command> {
  const program = new Command('lupine')
    .description('Any application as a Linux unikernel: a microVM with a kernel made for it.')
    .version(version(), '-V, --version')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('(`lupine --help` lists the commands, `lupine COMMAND --help` the flags)');
  const known = { ...commands, ...hidden };
  const wanted = name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined;
  const loaded = wanted === undefined ? await allCommands(program) : [await wanted()];
  for (const command of loaded) program.addCommand(command);
  inherit(program);
  return program;
}

/** Commands made elsewhere take over how the program reports mistakes: by an error, with a hint. */
function inherit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
    inherit(sub);
  }
}

/** Help that was asked for is no failure; a mistake in the words is 2, or 125 in `run` (as in docker). */
function usageStatus({ exitCode }: CommanderError): number {
  if (exitCode === 0) return 0;
  return process.argv[2] === 'run' ? 125 : 2;
}

/** Lupine's own failure: 125 in `run`, whose other statuses are the application's (as in docker). */
function ownFailure(): number {
  return process.argv[2] === 'run' ? 125 : 1;
}

/** Shows an error as one line where it is the user's, whole where it is our bug. Returns the status. */
function report(error: unknown): number {
  if (error instanceof LupineError) {
    process.stderr.write(`lupine: ${error.line}\n`);
    return error.exitCode ?? ownFailure();
  }
  if (error instanceof Error && error.name === 'AbortError') return INTERRUPTED;
  if (isSystemError(error, 'ENOSPC')) {
    process.stderr.write(
      'lupine: the disk is full — free some room; `lupine cache prune` removes what can be made again\n',
    );
    return ownFailure();
  }
  if (isSystemError(error)) {
    process.stderr.write(`lupine: ${printable(error.message)}\n`);
    return ownFailure();
  }
  process.stderr.write(
    `lupine: this is a bug in Lupine, please report it\n${String(error instanceof Error ? error.stack : error)}\n`,
  );
  return 70;
}

// A reader that goes away (`lupine apps | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  const program = await makeProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? usageStatus(error) : report(error);
}
