/** Work that hardly needs a kernel: what specialisation does not change. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LupineError } from '../../support/errors.js';
import { packageDirectory } from '../../support/paths.js';
import { applicationFiles, driveArchive } from '../guest/drive.js';
import { parseGuestOutput } from '../guest/output.js';
import { runGuest, writeInitrd } from '../guest/vm.js';
import { randomOf } from '../statistics/index.js';
import type { Metric } from '../results.js';
import type { Experiment, Lab, Plan } from '../types.js';
import { roundsOf, subjectNamed, unitOf, valueOf } from './sweep.js';

const LZ4 = { program: '/usr/bin/lz4', package: 'lz4' };
const TEXT_BYTES = { quick: 2_000_000, full: 16_000_000 };
const MEMORY_MIB = 256;
const TIMED_ROUNDS = 20;

export const compress: Experiment = {
  name: 'compress',
  title: 'Compression',
  description: 'lz4 -1 of a fixed text, from a file in memory to a file in memory',
  paper: 'lz4bench of the original',
  scope: 'kernel',
  plan,
};

async function plan(lab: Lab): Promise<Plan> {
  const subjects = await lab.subjects();
  const bytes = lab.quick ? TEXT_BYTES.quick : TEXT_BYTES.full;
  const files = await applicationFiles(
    { program: LZ4.program, files: {}, clients: [LZ4] },
    'initramfs',
    lab,
  );
  const command = [LZ4.program, '-1', '-f', '-q', '/text', '/tmp/text.lz4'];
  const archive = await driveArchive({ steps: [{ name: 'lz4', command }] }, [
    { path: 'app/text', mode: 0o644, content: await sampleText(bytes) },
  ]);
  const initrd = await writeInitrd(lab, archive, files);
  const { clock, unit } = unitOf(lab);
  const metric: Metric = { name: 'lz4', label: 'compressing a text', unit, better: 'lower' };
  return {
    clock,
    subjects,
    rounds: roundsOf(lab, TIMED_ROUNDS),
    metrics: [metric],
    figures: [{ title: 'Compressing a text', kind: 'bars', metrics: ['lz4'] }],
    warmUp: '2 s for the kernel to settle after boot; then one new process',
    notes: [
      `a text of ${bytes} bytes, words of the GPL in random order; with the start of the program`,
    ],
    measure: async (wanted, signal) => {
      const { kernel, parameters } = subjectNamed(subjects, wanted);
      const guest = { kernel, parameters, initrd, memoryMiB: MEMORY_MIB, signal };
      const { figures } = parseGuestOutput((await runGuest(lab, guest)).console);
      const figure = figures.find(({ name }) => name === metric.name);
      if (figure === undefined) throw new LupineError('no figure of lz4');
      return { values: [valueOf(figure, metric, clock)] };
    },
  };
}

/** Always the same: words of a text that every copy of Lupine has, in an order that a seed fixes. */
async function sampleText(bytes: number): Promise<Buffer> {
  const source = await readFile(join(packageDirectory, 'linux/COPYING'), 'utf8');
  const words = source.split(/\s+/).filter((word) => word !== '');
  const random = randomOf(1);
  const parts: string[] = [];
  for (let length = 0; length < bytes;) {
    const word = words[random(words.length)] ?? '';
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(' ')).subarray(0, bytes);
}
