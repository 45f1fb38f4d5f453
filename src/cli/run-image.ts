/**
 * A run, seen from the terminal: build what is missing and start it. In the foreground: connect the
 * streams, pass signals on, and end with the application's status. In the background: say its id.
 */

import { constants } from 'node:os';
import { resolve } from 'node:path';
import type { InstanceEnd, RestartPolicy } from '../instance/index.js';
import type { Jail, MonitorName, PortMapping } from '../monitor/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import type { NetworkChoice, RunningUnikernel, RunOptions } from '../unikernel/index.js';
import { isBundle, openUnikernel } from '../unikernel/open.js';
import { start } from '../unikernel/run.js';
import { buildOptions } from './build-flags.js';
import { withContext } from './context.js';
import { environmentFile } from './flags.js';
import { parseNetwork } from './network-flag.js';

/** What the flags of `lupine run` leave, beside those of a build. */
export interface RunFlags {
  readonly publish?: PortMapping[];
  readonly env?: string[];
  readonly envFile?: string[];
  readonly memory?: number;
  readonly workdir?: string;
  readonly user?: string;
  readonly name?: string;
  readonly hostname?: string;
  readonly entrypoint?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly cpus?: number;
  readonly network?: string;
  readonly tmpfs?: string[];
  readonly volume?: string[];
  readonly readOnly?: boolean;
  readonly append?: string;
  readonly accel?: 'kvm' | 'tcg';
  readonly detach?: boolean;
  readonly rm?: boolean;
  readonly restart?: RestartPolicy;
  readonly monitor?: MonitorName;
  readonly firecracker?: string;
  readonly jail?: Jail;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** Returns the exit status: the application's, 128 + signal, or 125 where the VM went down. */
export async function runImage(
  image: string,
  command: readonly string[],
  flags: RunFlags,
): Promise<number> {
  if (flags.detach === true) return runDetached(image, command, flags);
  if ((flags.restart ?? { policy: 'no' }).policy !== 'no') {
    throw new LupineError('a VM in the foreground is not restarted', { fix: 'add -d' });
  }
  if (flags.tty === true && flags.interactive === true && !process.stdin.isTTY) {
    throw new LupineError('the input is no terminal', { fix: 'leave out -t' });
  }
  const given = await runOptions(command, flags);
  const running = await withContext(async (context) => {
    const options = await withMounts(given, flags, context);
    const building = isBundle(image) ? {} : await buildOptions(flags);
    const unikernel = await openUnikernel(image, { ...building, ...options }, context);
    // Ctrl-C after the start is the application's, so the VM does not hear of the abort.
    return start(unikernel, options, {
      progress: context.progress,
      verbose: flags.verbose === true,
    });
  }, flags);
  return attach(running, flags);
}

/** Returns when the VM runs. */
async function runDetached(
  image: string,
  command: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const restart = flags.restart ?? { policy: 'no' };
  const removeAtEnd = flags.rm === true;
  if (removeAtEnd && restart.policy !== 'no') {
    throw new LupineError('a VM that is removed when it ends cannot be restarted', {
      fix: 'leave out --rm or --restart',
    });
  }
  const given = await runOptions(command, flags);
  const { startDetached } = await import('../unikernel/detach.js');
  const instance = await withContext(async (context) => {
    const options = await withMounts(given, flags, context);
    const building = isBundle(image) ? {} : await buildOptions(flags);
    const unikernel = await openUnikernel(image, { ...building, ...options }, context);
    return startDetached(unikernel, options, { removeAtEnd, restart }, context);
  }, flags);
  process.stdout.write(`${instance.id}\n`);
  return 0;
}

/** Adds the volumes, which are made where they are not there. */
async function withMounts(
  options: RunOptions,
  { volume = [] }: RunFlags,
  context: Context,
): Promise<RunOptions> {
  if (volume.length === 0) return options;
  const { parseMount, prepareMounts } = await import('../unikernel/mounts.js');
  return { ...options, mounts: await prepareMounts(volume.map(parseMount), context) };
}

async function runOptions(command: readonly string[], flags: RunFlags): Promise<RunOptions> {
  const ports = flags.publish ?? [];
  const network = flags.network === undefined ? undefined : parseNetwork(flags.network, ports);
  const files = await Promise.all((flags.envFile ?? []).map(environmentFile));
  const chosen: NetworkChoice | undefined =
    network ?? (ports.length > 0 ? { mode: 'user', ports } : undefined);
  const {
    entrypoint,
    user,
    workdir,
    name,
    hostname,
    memory,
    cpus,
    tmpfs,
    readOnly,
    append,
    accel,
  } = flags;
  return {
    command,
    env: [...files.flat(), ...(flags.env ?? [])],
    ...(chosen === undefined ? {} : { network: chosen }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(name === undefined ? {} : { name }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(tmpfs === undefined ? {} : { tmpfs }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(append === undefined ? {} : { append }),
    ...(accel === undefined ? {} : { accelerator: accel }),
    ...monitorOptions(flags),
    ...(flags.interactive === true ? { interactive: true } : {}),
    ...(flags.tty === true ? { tty: windowSize() } : {}),
  };
}

/** A program or a jail of Firecracker's asks for Firecracker. */
function monitorOptions({ monitor, firecracker, jail }: RunFlags): Partial<RunOptions> {
  const implied = firecracker === undefined && jail === undefined ? undefined : 'firecracker';
  const name = monitor ?? implied;
  return {
    ...(name === undefined
      ? {}
      : {
          // Whoever keeps it in the background is in another directory.
          monitor: {
            name,
            ...(firecracker === undefined ? {} : { program: resolve(firecracker) }),
          },
        }),
    ...(jail === undefined ? {} : { jail }),
  };
}

function windowSize(): { rows: number; columns: number } {
  return { rows: process.stdout.rows || 24, columns: process.stdout.columns || 80 };
}

/** Connects a running VM to this terminal until it ends. */
async function attach(running: RunningUnikernel, flags: RunFlags): Promise<number> {
  for (const { hostAddress, hostPort, guestPort, protocol } of running.ports) {
    if (flags.quiet === true || !(flags.publish ?? []).some((port) => port.hostPort === 0)) break;
    process.stderr.write(`lupine: ${hostAddress}:${hostPort} -> ${guestPort}/${protocol}\n`);
  }
  running.stdout.pipe(process.stdout, { end: false });
  running.stderr.pipe(process.stderr, { end: false });
  if (flags.verbose === true) running.onKernelText((text) => process.stderr.write(text));
  const detachSignals = forwardSignals(running);
  const detachInput = flags.interactive === true ? connectInput(running, flags) : undefined;
  try {
    return statusOf(await running.ended);
  } finally {
    detachSignals();
    detachInput?.();
  }
}

function statusOf(end: InstanceEnd): number {
  switch (end.kind) {
    case 'exited':
      return end.code;
    case 'signalled':
      return 128 + end.signal;
    case 'killed':
      return 128 + constants.signals.SIGKILL;
    case 'crashed':
      throw new LupineError('the microVM went down', {
        where: end.reason,
        fix: 'see the kernel with --verbose; too little memory (-m) is a common cause',
      });
  }
}

/** Signals for us are for the application; a third Ctrl-C ends the VM of one that does not listen. */
function forwardSignals(running: RunningUnikernel): () => void {
  const { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 } = constants.signals;
  let interrupts = 0;
  const handlers = Object.entries({ SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 }).map(
    ([name, number]) => {
      const handler = () => {
        interrupts += number === SIGINT ? 1 : 0;
        if (interrupts >= 3) running.kill();
        else running.signal(number);
      };
      process.on(name, handler);
      return () => process.off(name, handler);
    },
  );
  return () => handlers.forEach((off) => off());
}

function connectInput(running: RunningUnikernel, flags: RunFlags): () => void {
  const { stdin } = process;
  const raw = flags.tty === true && stdin.isTTY;
  if (raw) stdin.setRawMode(true);
  stdin.pipe(running.stdin);
  const resize = () => {
    const { rows, columns } = windowSize();
    running.resize(rows, columns);
  };
  if (raw) process.stdout.on('resize', resize);
  return () => {
    stdin.unpipe(running.stdin);
    if (raw) stdin.setRawMode(false);
    process.stdout.off('resize', resize);
    stdin.pause();
    stdin.unref();
  };
}
