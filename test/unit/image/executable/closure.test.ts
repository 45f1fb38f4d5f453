import { execFileSync } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Closure } from '../../../../src/image/executable/closure.js';
import { readIdentity } from '../../../../src/image/executable/elf.js';
import { Host } from '../../../../src/image/executable/host.js';

const host = new Host();

/** A spread of this machine's dynamic programs: the whole set is in the integration tests. */
function somePrograms(count: number): readonly string[] {
  const all = readdirSync('/usr/bin')
    .map((name) => host.locate(`/usr/bin/${name}`))
    .filter((place) => place?.stats.isFile() === true)
    .map((place) => place?.path ?? '')
    .filter((path) => host.withFile(path, (source) => readIdentity(source) !== undefined));
  const distinct = [...new Set(all)].sort();
  return distinct.filter((_, index) => index % Math.ceil(distinct.length / count) === 0);
}

/** What the loader itself says. */
function libraries(path: string): readonly string[] {
  let text: string;
  try {
    text = execFileSync('ldd', [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // Static programs.
  }
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)]
    .map(([, file]) => realpathSync(file ?? ''))
    .sort();
}

describe('Closure', () => {
  const programs = somePrograms(25);

  it('has programs to look at', () => {
    expect(programs.length).toBeGreaterThan(10);
  });

  it.each(programs)("is the loader's own for %s", (path) => {
    const closure = new Closure(host);
    expect(closure.addProgram(path).missing).toEqual([]);
    const found = [...closure.libraries].map((library) => realpathSync(library));
    expect([...new Set(found)].sort()).toEqual(libraries(path));
  });
});
