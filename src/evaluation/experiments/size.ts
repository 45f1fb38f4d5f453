/** How large kernels are, on disk and in memory, and what of Linux takes it. */

import { stat } from 'node:fs/promises';
import { readObjects } from '../../kernel/index.js';
import { directoryCosts, largestDirectories, optionTable, type Measured } from '../object-costs.js';
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
  description:
    'the files of each kernel, what its sections take of memory, and what directories and options cost',
  paper: 'figure 6',
  scope: 'application',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  // Boot parameters change no file: the kernels that are shown twice are here once.
  const subjects = (await lab.subjects()).filter(({ parameters }) => parameters === '');
  const measured = await measuredOf(subjects);
  const directories = largestDirectories(measured);
  const labels = directories.map((name) => [name, name] as const);
  const metrics = [...Object.entries({ ...files, ...sections }), ...labels].map(
    ([name, label]): Metric => ({ name, label, unit: 'bytes', better: 'lower' }),
  );
  return {
    clock: 'none',
    subjects,
    rounds: 1,
    metrics,
    figures: [
      { title: 'Files', kind: 'bars', metrics: Object.keys(files) },
      { title: 'Files, as a part of the baseline', kind: 'relative', metrics: Object.keys(files) },
      { title: 'In memory, by section', kind: 'stack', metrics: Object.keys(sections) },
      ...(directories.length === 0
        ? []
        : [{ title: 'In memory, by directory', kind: 'stack' as const, metrics: directories }]),
    ],
    warmUp: 'none: nothing runs',
    notes: [
      'of kernels that Lupine did not build only the file is known, and nothing of directories and options',
      'directories and options: sections of the objects before they are linked, with bss and init',
      'an option costs the files that its Makefile lines compile, or its directory where these name ' +
        'none; what it adds to the files of others counts there',
    ],
    measure: async (wanted) => {
      const subject = subjectNamed(subjects, wanted);
      const kernel = measured.find(({ name }) => name === wanted);
      const costs = kernel === undefined ? [] : directoryCosts(kernel, directories);
      const values = [...(await sizesOf(subject)), ...costs];
      const known = new Set(values.map(({ metric }) => metric));
      const lacks = metrics.map(({ name }) => name).filter((name) => !known.has(name));
      return { values, lacks };
    },
    tables: () => {
      const asked = lab.application.options.map(({ name }) => name);
      return measured.map((kernel) => optionTable(kernel, asked));
    },
  };
}

/** The kernels whose objects are known, in the order of the subjects. */
async function measuredOf(subjects: readonly Subject[]): Promise<Measured[]> {
  const found: Measured[] = [];
  for (const { name, config, built } of subjects) {
    if (built === undefined || config === undefined) continue;
    const objects = await readObjects(built.objects);
    if (objects.length > 0) found.push({ name, config, objects });
  }
  return found;
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
