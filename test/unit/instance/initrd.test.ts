import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bootArchive } from '../../../src/instance/initrd.js';

test('cpio reads the archive: init, and settings only root can read', () => {
  const archive = bootArchive(Buffer.from('init!'), Buffer.from('set'));
  const list = execFileSync('cpio', ['-t', '-v', '--quiet'], { input: archive }).toString();
  const rows = list
    .trim()
    .split('\n')
    .map((row) => row.split(/\s+/));
  expect(rows.map((row) => [row[0], row.at(-1)])).toEqual([
    ['-rwxr-xr-x', 'init'],
    ['drwxr-xr-x', 'lupine'],
    ['-rw-------', 'lupine/settings'],
  ]);
  const content = execFileSync('cpio', ['-i', '--to-stdout', '--quiet', 'lupine/settings'], {
    input: archive,
  });
  expect(content.toString()).toBe('set');
  expect(archive.length % 4).toBe(0);
});
