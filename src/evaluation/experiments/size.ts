/** How large kernels are, on disk and in memory. */

import { stat } from 'node:fs/promises';
import type { Metric, Value } from '../results.js';
import type { Experiment, Lab, Plan, Subject } from '../types.js';
import { subjectNamed } from './sweep.js';

const files = {
  elf: 'ELF file (vmlinux, stripped)',
  bzimage: 'bzImage',
};
const sections = {
  text: 'text',
  rodata: 'read-only data',
  data: 'data',
  init: 'init, freed after boot',
  bss: 'bss',
};

export const size: Experiment = {
  name: 'size',
  title: 'Kernel size',
  description: 'the files of each kernel, and what its sections take of memory',
  paper: 'figure 6',
  scope: 'application',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  // Boot parameters change no file: the kernels that are shown twice are here once.
  const subjects = (await lab.subjects()).filter(({ parameters }) => parameters === '');
  const metrics = Object.entries({ ...files, ...sections }).map(([name, label]): Metric => ({
    name,
    label,
    unit: 'bytes',
    better: 'lower',
  }));
  return {
    clock: 'none',
    subjects,
    rounds: 1,
    metrics,
    figures: [
      { title: 'Files', kind: 'bars', metrics: Object.keys(files) },
      { title: 'Files, as a part of the baseline', kind: 'relative', metrics: Object.keys(files) },
      { title: 'In memory, by section', kind: 'stack', metrics: Object.keys(sections) },
    ],
    warmUp: 'none: nothing runs',
    notes: ['of kernels that Lupine did not build only the file is known'],
    measure: async (wanted) => {
      const subject = subjectNamed(subjects, wanted);
      const values = await sizesOf(subject);
      const known = new Set(values.map(({ metric }) => metric));
      const lacks = metrics.map(({ name }) => name).filter((name) => !known.has(name));
      return { values, lacks };
    },
  };
}

async function sizesOf({ kernel, built }: Subject): Promise<Value[]> {
  if (built === undefined) return [{ metric: 'elf', value: (await stat(kernel)).size }];
  const { elfBytes, bzImageBytes, sections: sizes } = built.report;
  return [
    { metric: 'elf', value: elfBytes },
    { metric: 'bzimage', value: bzImageBytes },
    ...Object.entries<number>({ ...sizes }).map(([metric, value]) => ({ metric, value })),
  ];
}
