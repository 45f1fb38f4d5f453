import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rememberedShell, systemShell } from '../../../src/kconfig/probes.js';

let root: string;
let tree: string;
let asked: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'probes-'));
  tree = join(root, 'tree');
  mkdirSync(join(tree, 'scripts'), { recursive: true });
  asked = [];
});
afterEach(() => rmSync(root, { recursive: true }));

/** A new process's view: nothing is known but what is on disk. */
function shell(environment: Record<string, string> = {}, inTree = tree) {
  return rememberedShell({
    directory: join(root, 'cache'),
    tree: inTree,
    environment,
    shell: (command) => {
      asked.push(command);
      return `${asked.length}\n`;
    },
  });
}

describe('a remembered answer', () => {
  it('is not asked for again', () => {
    expect(shell()('gcc -v')).toBe('1\n');
    expect(shell()('gcc -v')).toBe('1\n');
    expect(asked).toEqual(['gcc -v']);
  });

  it('is of its command only', () => {
    shell()('gcc -v');
    shell()('gcc -v -m32');
    expect(asked).toHaveLength(2);
  });

  it('is of its toolchain only', () => {
    const program = join(root, 'cc');
    const ask = () => shell({ CC: program })('cc -v');
    ask();
    writeFileSync(program, 'one', { mode: 0o755 });
    ask();
    appendFileSync(program, 'two');
    ask();
    ask();
    expect(asked).toHaveLength(3);
  });

  it('ends with the script that gave it', () => {
    const script = join(tree, 'scripts/version.sh');
    writeFileSync(script, 'exec $(dirname $0)/helper.sh');
    writeFileSync(join(tree, 'scripts/helper.sh'), 'echo 1');
    const ask = () => shell()(`${script} gcc`);
    ask();
    ask();
    expect(asked).toHaveLength(1);
    writeFileSync(join(tree, 'scripts/helper.sh'), 'echo 2');
    ask();
    expect(asked).toHaveLength(2);
    writeFileSync(script, 'echo 3');
    ask();
    expect(asked).toHaveLength(3);
  });

  it('serves another tree with the same scripts', () => {
    const other = join(root, 'other');
    mkdirSync(join(other, 'scripts'), { recursive: true });
    for (const each of [tree, other]) writeFileSync(join(each, 'scripts/v.sh'), 'echo 1');
    shell({ srctree: tree })(`${tree}/scripts/v.sh`);
    shell({ srctree: other }, other)(`${other}/scripts/v.sh`);
    expect(asked).toHaveLength(1);
  });

  it('survives lines that were cut off', () => {
    shell()('a');
    const [name = ''] = readdirSync(join(root, 'cache'));
    appendFileSync(join(root, 'cache', name), '["half');
    shell()('b');
    shell()('a');
    shell()('b');
    expect(asked).toEqual(['a', 'b']);
  });

  it('is not needed: without a place to keep it, the shell still answers', () => {
    writeFileSync(join(root, 'cache'), 'a file in the way');
    expect(shell()('a')).toBe('1\n');
  });
});

describe('the system shell', () => {
  it('gives the standard output, whatever the status', () => {
    expect(systemShell({})('echo a; echo b >&2; exit 3')).toBe('a\n');
  });

  it('has the environment, and no locale of the user', () => {
    expect(systemShell({ CC: 'mycc' })('echo $CC $LC_ALL')).toBe('mycc\n');
  });

  it('cuts an output that has no end', () => {
    expect(systemShell({})('yes').length).toBeGreaterThanOrEqual(4096);
  });
});
