/** The parallel build of `smp`: what is asked of make, and what is read from a guest. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildMeasurement } from '../../../src/evaluation/experiments/smp.js';
import { buildSteps, systemHeaders } from '../../../src/evaluation/guest/build.js';
import type { Metric } from '../../../src/evaluation/results.js';
import { packageDirectory } from '../../../src/support/paths.js';

describe('the builds', () => {
  test('differ in their jobs and their directories alone', () => {
    for (const quick of [true, false]) {
      const steps = buildSteps(quick);
      const names = quick ? ['make-j1', 'make-j4'] : ['make-j1', 'make-j2', 'make-j4'];
      expect(steps.map(({ name }) => name)).toEqual(names);
      const same = steps.map(({ jobs, command }) =>
        command.map((word) => word.replace(`/tmp/j${jobs}`, 'OUT').replace(/^-j\d$/, '-j')),
      );
      expect(new Set(same.map((words) => words.join(' '))).size).toBe(1);
    }
  });

  test('give every compiler of -j4 something to do, from units that are there', () => {
    for (const quick of [true, false]) {
      const [step] = buildSteps(quick);
      const units = (step?.command ?? []).flatMap((word) => {
        const unit = /^\/tmp\/j1\/init\.d\/(\w+)\.o$/.exec(word)?.[1];
        return unit === undefined ? [] : [unit];
      });
      expect(units.length).toBeGreaterThanOrEqual(4);
      for (const unit of units) {
        expect(existsSync(join(packageDirectory, 'guest/init', `${unit}.c`))).toBe(true);
      }
    }
  });
});

test('the headers of the machine in rules of gcc -M, each once', () => {
  const rules = `main.o: init/main.c /usr/include/linux/errno.h \\
 /usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h init/init.h
lib.o: init/lib.c init/lib.h /usr/include/linux/errno.h\n`;
  expect(systemHeaders(rules)).toEqual([
    '/usr/include/linux/errno.h',
    '/usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h',
  ]);
});

describe('what a guest tells of its builds', () => {
  const metrics = ['make-j1', 'make-j2'].map((name): Metric => {
    return { name, label: name, unit: 'instructions', better: 'lower' };
  });
  const first = 'bench: step make-j1\r\nbench: figure make-j1 0 1 5000 7000\r\n';
  const second = 'bench: step make-j2\r\nbench: figure make-j2 0 1 6000 8000\r\n';

  test('is a value a build, of the clock that is wanted', () => {
    const console = `${first}${second}bench: end\r\n`;
    const valuesBy = (clock: 'instructions' | 'time') =>
      buildMeasurement(console, metrics, clock).values.map(({ value }) => value);
    expect(valuesBy('instructions')).toEqual([5000, 6000]);
    expect(valuesBy('time')).toEqual([7000, 8000]);
  });

  test('is no value at all where one failed, and why', () => {
    const refused = 'cc1: Cannot allocate memory\r\nbench: failed /usr/bin/make ended 2\r\n';
    const { values, failure } = buildMeasurement(`${first}${refused}`, metrics, 'instructions');
    expect(values).toEqual([]);
    expect(failure).toContain('cc1: Cannot allocate memory');
    const panic = buildMeasurement('Kernel panic - not syncing: VFS\r\n', metrics, 'instructions');
    expect(panic.failure).toContain('Kernel panic');
    const short = buildMeasurement(`${first}bench: end\r\n`, metrics, 'instructions');
    expect(short).toEqual({ values: [], failure: 'no figure of a build: make-j2' });
  });
});
