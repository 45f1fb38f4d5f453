/** How long a kernel needs to its first user instruction, and an application until it is ready. */

import { readFile } from 'node:fs/promises';
import { LupineError } from '../../support/errors.js';
import { applicationFiles, driveArchive, serverOf } from '../guest/drive.js';
import { parseGuestOutput, type GuestFigure } from '../guest/output.js';
import { benchArchive, runGuest, writeInitrd } from '../guest/vm.js';
import type { Metric, Table, Value } from '../results.js';
import type { Experiment, Lab, Plan, Subject } from '../types.js';
import { parseInitcalls, tracedBoot } from './initcalls.js';
import { roundsOf, subjectNamed, unitOf } from './sweep.js';

const MEMORY_MIB = 128;
const READY_MEMORY_MIB = 256;
const TIMED_ROUNDS = 50;
const SHOWN_INITCALLS = 12;

export const boot: Experiment = {
  name: 'boot',
  title: 'Boot',
  description:
    'from the reset of the VM to the first instruction of user space, and until a server is ready',
  paper: 'figure 7',
  scope: 'application',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  const subjects = await lab.subjects();
  const { clock, unit } = unitOf(lab);
  const first = await writeInitrd(lab, await benchArchive('first'));
  const ready = await readyInitrd(lab);
  const traced = new Map<string, readonly string[][]>();
  const measure = async (subject: Subject, signal: AbortSignal | undefined) => {
    const guest = { kernel: subject.kernel, parameters: subject.parameters, signal };
    const { console, wallMs } = await runGuest(lab, {
      ...guest,
      initrd: first,
      memoryMiB: MEMORY_MIB,
    });
    const init = figureNamed('init', console);
    const values: Value[] = [
      { metric: 'init', value: init.ticks },
      { metric: 'kernel', value: init.nanoseconds },
      { metric: 'monitor', value: wallMs },
    ];
    if (!traced.has(subject.name))
      traced.set(subject.name, await trace(lab, subject, first, signal));
    if (ready === undefined) return { values };
    const server = await runGuest(lab, { ...guest, initrd: ready, memoryMiB: READY_MEMORY_MIB });
    values.push({ metric: 'ready', value: figureNamed('ready', server.console).ticks });
    return { values };
  };
  return {
    clock,
    subjects,
    rounds: roundsOf(lab, TIMED_ROUNDS),
    metrics: metricsOf(lab, unit, ready !== undefined),
    figures: [
      {
        title: 'Boot',
        kind: 'bars',
        metrics: ['init', ...(ready === undefined ? [] : ['ready'])],
      },
    ],
    warmUp: 'none: every boot is a new VM',
    notes: [
      'three clocks, never mixed: the VM’s time stamp counter from reset (init, ready), the kernel’s own clock, and the host’s',
      'the root of `ready` is an archive in memory, whose unpacking is a part of it',
      ...(clock === 'instructions'
        ? ['the host’s clock says little here: the guest is emulated']
        : []),
    ],
    measure: (wanted, signal) => measure(subjectNamed(subjects, wanted), signal),
    tables: () => initcallTables(traced),
  };
}

function metricsOf(lab: Lab, unit: string, ready: boolean): Metric[] {
  const better = 'lower';
  // The counter runs at one instruction a tick, or at the rate of the host's processor.
  const ticks = lab.accelerator === 'tcg' ? unit : 'ticks';
  return [
    { name: 'init', label: 'reset to the first user instruction', unit: ticks, better },
    ...(ready
      ? [
          {
            name: 'ready',
            label: `reset to ${lab.application.name} ready`,
            unit: ticks,
            better,
          } as const,
        ]
      : []),
    { name: 'kernel', label: 'the kernel’s clock at that instruction', unit: 'ns', better },
    {
      name: 'monitor',
      label: 'start of the monitor to the end of the VM, host',
      unit: 'ms',
      better,
    },
  ];
}

/** Undefined where nobody knows how to start the application here. */
async function readyInitrd(lab: Lab): Promise<string | undefined> {
  const { load } = lab.application;
  if (load === undefined) return undefined;
  const files = await applicationFiles({ ...load, clients: [] }, 'initramfs', lab);
  return writeInitrd(lab, await driveArchive({ server: serverOf(lab.application) }), files);
}

/** One boot more, in which the kernel tells of its initcalls: too slow to be counted. */
async function trace(
  lab: Lab,
  { name, kernel, parameters, built }: Subject,
  initrd: string,
  signal: AbortSignal | undefined,
): Promise<string[][]> {
  const symbols = built === undefined ? '' : await readFile(built.systemMap, 'utf8');
  const { console } = await runGuest(lab, {
    kernel,
    parameters: `${parameters} ${tracedBoot}`.trim(),
    initrd,
    memoryMiB: MEMORY_MIB,
    signal,
  });
  const calls = parseInitcalls(console, symbols);
  const total = calls.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [
    [name, `all ${calls.length} initcalls`, String(total)],
    ...calls.slice(0, SHOWN_INITCALLS).map((call) => [name, call.name, String(call.microseconds)]),
  ];
}

function initcallTables(traced: ReadonlyMap<string, readonly string[][]>): Table[] {
  return [
    {
      title: 'Where the boot goes: the longest initcalls, in microseconds of the kernel’s clock',
      columns: ['kernel', 'initcall', 'µs'],
      rows: [...traced.values()].flat(),
    },
  ];
}

function figureNamed(name: string, console: string): GuestFigure {
  const figure = parseGuestOutput(console).figures.find((one) => one.name === name);
  if (figure === undefined) throw new LupineError('the guest printed no figure', { where: name });
  return figure;
}
