import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { size } from '../../../src/evaluation/experiments/size.js';
import { largestDirectories, optionTable } from '../../../src/evaluation/object-costs.js';
import type { Lab, Subject } from '../../../src/evaluation/types.js';
import { writeObjects } from '../../../src/kernel/object-sizes.js';
import type { ObjectSize } from '../../../src/kernel/index.js';

function object(path: string, bytes: number, option?: string): ObjectSize {
  const sizes = { text: bytes, rodata: 0, data: 0, bss: 0, init: 0 };
  return { path, ...(option === undefined ? {} : { option }), sizes };
}

const objects = [
  object('arch/x86/kernel/setup', 40),
  object('fs/eventpoll', 9_000, 'EPOLL'),
  object('fs/read_write', 100),
  object('kallsyms', 7, 'KALLSYMS'),
  object('net/ipv4/tcp', 3_000, 'INET'),
  object('net/ipv4/udp', 2_000, 'INET'),
];

let directory: string;
let lab: Lab;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'size-'));
  const kernel = join(directory, 'vmlinux');
  writeFileSync(kernel, 'x'.repeat(5));
  await writeObjects(join(directory, 'objects.json'), objects);
  const ours: Subject = {
    ...{ name: 'lupine', description: '', parameters: '', kernel },
    config: '#\nCONFIG_EPOLL=y\nCONFIG_INET=y\nCONFIG_FUTEX=y\n',
    built: {
      systemMap: '',
      objects: join(directory, 'objects.json'),
      report: {
        ...{ options: 3, elfBytes: 50, bzImageBytes: 20, compiler: '', buildSeconds: 1, pvh: true },
        sections: { text: 1, rodata: 2, data: 3, init: 4, bss: 5 },
      },
    },
  };
  const other: Subject = { name: 'other', description: '', parameters: '', kernel };
  // Of a laboratory the experiment needs no more than this.
  lab = {
    application: { options: [{ name: 'FUTEX' }, { name: 'EPOLL' }, { name: 'AIO' }] },
    subjects: () => Promise.resolve([ours, other]),
  } as unknown as Lab;
});

afterAll(() => rmSync(directory, { recursive: true }));

test('a kernel is measured by file, section and directory, somebody else’s by its file', async () => {
  const plan = await size.plan(lab);
  const { values, lacks } = await plan.measure('lupine', undefined);
  expect(Object.fromEntries(values.map(({ metric, value }) => [metric, value]))).toEqual({
    ...{ elf: 50, bzimage: 20, text: 1, rodata: 2, data: 3, init: 4, bss: 5 },
    ...{ 'fs/': 9_100, 'net/': 5_000, 'arch/x86/': 40, kallsyms: 7 },
  });
  expect(lacks).toEqual([]);
  const other = await plan.measure('other', undefined);
  expect(other.values).toEqual([{ metric: 'elf', value: 5 }]);
  expect(other.lacks).toContain('fs/');
  expect(plan.figures.at(-1)?.metrics).toEqual(['fs/', 'net/', 'arch/x86/', 'kallsyms']);
});

test('options are shown by what they cost, with what the application asks for', async () => {
  const tables = (await size.plan(lab)).tables?.();
  expect(tables?.map(({ rows }) => rows)).toEqual([
    [
      ['EPOLL', '9.0 kB', '1', 'yes'],
      ['INET', '5.0 kB', '2', ''],
      ['KALLSYMS', '7 B', '1', ''],
      ['FUTEX', 'no file of its own', '0', 'yes'],
    ],
  ]);
});

test('the twenty dearest options are shown, and wanted ones after them', () => {
  const many = Array.from({ length: 30 }, (_, index) =>
    object(`d${index}/a`, 100 - index, `O${index}`),
  );
  const kernel = { name: 'k', config: '\nCONFIG_O25=y\n', objects: many };
  const names = optionTable(kernel, ['O25', 'O26']).rows.map(([name]) => name);
  expect(names).toEqual([...many.slice(0, 20).map(({ option }) => option), 'O25']);
  const directories = largestDirectories([kernel]);
  expect(directories).toEqual([
    ...many.slice(0, 11).map(({ path }) => path.slice(0, -1)),
    'others',
  ]);
});
