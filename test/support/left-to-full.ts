/** Vitest's global set-up: at the end of a run it names the tests that only a full run, or another machine, has. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'lupine-tests-'));
  const list = join(directory, 'left');
  writeFileSync(list, '');
  process.env['LUPINE_TEST_LEFT'] = list;
  return () => {
    const lines = [...new Set(readFileSync(list, 'utf8').split('\n').slice(0, -1))].sort();
    rmSync(directory, { recursive: true });
    const named = (kind: string) =>
      lines
        .filter((line) => line.startsWith(`${kind} `))
        .map((line) => line.slice(kind.length + 1));
    const [full, absent] = [named('full'), named('absent')];
    if (full.length > 0) console.log(`left to npm run test:full: ${full.join('; ')}`);
    if (absent.length > 0) console.log(`not tested on this machine: ${absent.join('; ')}`);
  };
}
