/**
 * The monitors and accelerators of this machine, for tests that are the same on each. What is absent is
 * told at the end of the run (left-to-full.ts), so that nobody takes its silence for a pass.
 */

import { existsSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import {
  chooseAccelerator,
  monitorNames,
  openMonitor,
  type Accelerator,
  type Monitor,
  type MonitorName,
} from '../../src/monitor/index.js';
import { LupineError } from '../../src/support/errors.js';
import { exec } from './exec.js';
import { notHere } from './full.js';

export interface Machine {
  /** `qemu on kvm`. */
  readonly label: string;
  readonly monitor: Monitor;
  readonly accelerator: Accelerator;
}

/** In the lab only KVM is of interest: emulation within emulation is the same emulation, only slower. */
export const inLab = process.env['LUPINE_LAB'] === 'inside';

/**
 * Each monitor with each accelerator that works for it.
 * @param prove boots something, as for `chooseAccelerator`.
 */
export async function machines(
  prove: (monitor: Monitor, accelerator: Accelerator) => Promise<string | undefined>,
): Promise<Machine[]> {
  const found: Machine[] = [];
  for (const name of monitorNames) {
    try {
      const monitor = await openMonitor(name);
      found.push(...(await working(name, monitor, prove)));
    } catch (error) {
      if (!(error instanceof LupineError)) throw error;
      notHere(`${name} (${error.line})`);
    }
  }
  return found;
}

async function working(
  name: MonitorName,
  monitor: Monitor,
  prove: (monitor: Monitor, accelerator: Accelerator) => Promise<string | undefined>,
): Promise<Machine[]> {
  const on = (accelerator: Accelerator): Machine => ({
    label: `${name} on ${accelerator}`,
    monitor,
    accelerator,
  });
  const choice = await chooseAccelerator({ monitor, prove: (kind) => prove(monitor, kind) });
  const { accelerators } = monitor.capabilities;
  const wanted = inLab ? accelerators.filter((kind) => kind !== 'tcg') : accelerators;
  if (choice.accelerator === 'tcg') notHere(`${name} on kvm (${choice.reason ?? ''})`);
  return wanted.filter((kind) => kind === 'tcg' || choice.accelerator === 'kvm').map(on);
}

/** A tap device of this machine and the addresses of its two ends. */
export interface Tap {
  readonly device: string;
  readonly host: string;
  readonly guest: string;
  remove(): Promise<void>;
}

/** True where a test may make network devices: as root in the lab, whose network is nobody else's. */
export const mayMakeTaps = inLab && existsSync('/dev/net/tun');

let taps = 0;

export async function makeTap(): Promise<Tap> {
  const device = `lup${process.pid}n${++taps}`;
  const [host, guest] = [`10.78.${taps}.1`, `10.78.${taps}.2`];
  await exec('ip', ['tuntap', 'add', 'dev', device, 'mode', 'tap', 'user', '61000']);
  await exec('ip', ['address', 'add', `${host}/30`, 'dev', device]);
  await exec('ip', ['link', 'set', device, 'up']);
  const remove = async () => {
    await exec('ip', ['link', 'delete', device]);
  };
  return { device, host, guest, remove };
}

/** Leads a port of 127.0.0.1 to one elsewhere, for clients that know only the former. */
export async function forward(address: string, port: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect(port, address);
    near.pipe(far).on('error', () => near.destroy());
    far.pipe(near).on('error', () => far.destroy());
  }).unref();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}
