/**
 * KVM or TCG. That /dev/kvm opens proves little: on some hosts a guest hangs or dies under it. So KVM
 * is proved by booting a VM once, with a time limit; the verdict holds for this boot of the machine,
 * this QEMU and this processor, and is kept in the state directory.
 */

import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { LupineError, isSystemError } from '../support/errors.js';
import { cpuModel } from './host-cpu.js';
import { recall, remember } from './remembered.js';
import type { Accelerator, Monitor, VmConfig } from './types.js';

export interface Choice {
  readonly accelerator: Accelerator;
  /** Why not KVM, for the user; absent when KVM is used or TCG was asked for. */
  readonly reason?: string;
}

export interface ChooseOptions {
  readonly monitor: Pick<Monitor, 'name' | 'version' | 'capabilities'>;
  /** What the user asked for; `LUPINE_ACCEL` otherwise; otherwise the best that works. */
  readonly wanted?: string | undefined;
  /** Boots something under an accelerator and says why that failed; undefined: it worked. */
  readonly prove: (accelerator: Accelerator) => Promise<string | undefined>;
  /** The device to look at. */
  readonly device?: string;
}

const Verdict = v.object({
  machine: v.string(),
  /** Why KVM does not work; absent when it does. */
  failure: v.optional(v.pipe(v.string(), v.maxLength(2000))),
});

/**
 * Decides which accelerator to use.
 * @throws LupineError when KVM was asked for and does not work, or `prove` cannot boot at all.
 */
export async function chooseAccelerator(options: ChooseOptions): Promise<Choice> {
  const { monitor } = options;
  const tcg = monitor.capabilities.accelerators.includes('tcg');
  const wanted = wish(options.wanted);
  if (wanted === 'tcg') return { accelerator: 'tcg' };
  const failure =
    (await deviceFailure(options.device ?? '/dev/kvm')) ?? (await proofFailure(options, wanted));
  if (failure === undefined) return { accelerator: 'kvm' };
  if (wanted === 'kvm' || !tcg) {
    throw new LupineError('KVM does not work here', {
      where: failure,
      fix: tcg ? 'use tcg, which is slower' : 'use --monitor qemu, which can do without KVM',
    });
  }
  return { accelerator: 'tcg', reason: `${failure}: using TCG, which is slower` };
}

function wish(option: string | undefined): Accelerator | undefined {
  const wanted = option ?? process.env['LUPINE_ACCEL'] ?? '';
  if (wanted === 'kvm' || wanted === 'tcg') return wanted;
  if (wanted === '') return undefined;
  throw new LupineError('no such accelerator', { where: wanted, fix: 'kvm or tcg' });
}

async function deviceFailure(device: string): Promise<string | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.code === 'ENOENT'
      ? `this machine has no ${device}`
      : `no permission for ${device} (try: sudo usermod -aG kvm $USER, and log in again)`;
  }
}

async function proofFailure(
  { monitor, prove }: ChooseOptions,
  wanted: Accelerator | undefined,
): Promise<string | undefined> {
  const machine = await machineOf(monitor);
  const subject = `accelerator-${monitor.name}`;
  const known = await recall(subject, Verdict);
  // Who insists on KVM may have mended it: a remembered failure is tried again.
  if (known?.machine === machine && (wanted !== 'kvm' || known.failure === undefined)) {
    return known.failure;
  }
  const why = await prove('kvm');
  const failure =
    why === undefined ? undefined : `KVM is there but a guest does not survive it (${why})`;
  if (why !== undefined && monitor.capabilities.accelerators.includes('tcg')) {
    await mustBootElsewhere(prove);
  }
  await remember(subject, { machine, ...(failure === undefined ? {} : { failure }) });
  return failure;
}

/** A probe that fails under TCG too says nothing about KVM. */
async function mustBootElsewhere(prove: ChooseOptions['prove']): Promise<void> {
  const why = await prove('tcg');
  if (why !== undefined) throw new LupineError('the probe VM does not boot', { where: why });
}

/** What a verdict holds for. A VM moved between hosts keeps its boot id, but not its processor. */
async function machineOf(monitor: ChooseOptions['monitor']): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return [boot.trim(), monitor.name, monitor.version, await cpuModel()].join(' ');
}

export interface BootProof {
  /** True once the guest's console output shows that it lives. */
  readonly alive: (output: Buffer) => boolean;
  /** Milliseconds it has for that. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

/** Console bytes looked at; a guest that lives says so sooner. */
const KEEP_BYTES = 256 * 1024;

/**
 * Boots a VM until its console shows that it lives, and ends it.
 * @returns why it did not; undefined when it did.
 * @throws the signal's reason.
 */
export async function bootProof(
  monitor: Monitor,
  vm: VmConfig,
  { alive, limit, signal }: BootProof,
): Promise<string | undefined> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limit);
  const signals = signal === undefined ? [stop.signal] : [stop.signal, signal];
  try {
    const running = await monitor.start(vm, AbortSignal.any(signals));
    let output = Buffer.alloc(0);
    let lives = false;
    for await (const chunk of running.console as AsyncIterable<Buffer>) {
      output = Buffer.concat([output, chunk]).subarray(-KEEP_BYTES);
      lives = alive(output);
      if (lives) break;
    }
    running.kill();
    const end = await running.ended;
    signal?.throwIfAborted();
    if (lives) return undefined;
    if (stop.signal.aborted) return `no sign of life within ${limit / 1000} s`;
    return end.kind === 'failed' ? end.reason : 'it ended too soon';
  } catch (error) {
    signal?.throwIfAborted();
    if (stop.signal.aborted) return `no sign of life within ${limit / 1000} s`;
    if (error instanceof LupineError) return [error.message, error.where].join(': ');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
