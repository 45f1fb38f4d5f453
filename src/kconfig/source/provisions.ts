/**
 * What compiled source files give to programs: system calls, socket families, file systems. Found by
 * the macro or structure that defines each, with the condition under which that is compiled.
 */

import { closeSync, openSync, readSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Position } from '../ast.js';
import { all, any } from './condition.js';
import type { Condition } from './condition.js';
import { conditionAt } from './preprocessor.js';

export interface Provision {
  readonly kind: 'syscall' | 'socket' | 'filesystem';
  /**
   * Of a system call the name in its definition (`newfstat`), of a family that of its constant without
   * the prefix (`UNIX`), of a file system what mount(2) takes.
   */
  readonly name: string;
  /** Any of its definitions is compiled. */
  readonly condition: Condition;
  /** Its definitions. */
  readonly positions: readonly Position[];
}

interface Found {
  readonly kind: Provision['kind'];
  readonly name: string;
  readonly condition: Condition;
  readonly position: Position;
}

/** Larger than any source file that defines something; the rest of a larger one is not read. */
const MAX_BYTES = 4 << 20;

/** Words of which a file has one, where there is anything to find. */
const marks = ['SYSCALL_DEFINE', 'struct file_system_type', 'struct net_proto_family', '.c"'];

/**
 * Reads the compiled C files of a tree, half a gigabyte in all: it takes seconds, at once.
 * @param conditions when each source file is compiled, by path.
 */
export function findProvisions(
  tree: string,
  conditions: ReadonlyMap<string, Condition>,
): Provision[] {
  const buffer = Buffer.allocUnsafe(MAX_BYTES);
  const found: Found[] = [];
  const queue = [...conditions].map(([path, condition]) => ({ path, condition, depth: 0 }));
  for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
    const { path, condition, depth } = one;
    if (!path.endsWith('.c')) continue;
    const text = interesting(join(tree, path), buffer);
    if (text === undefined) continue;
    found.push(...definitions(text, path, condition));
    if (depth > 2) continue;
    for (const included of inclusions(text, path, condition)) {
      // What includes itself, such as a template, gives nothing.
      if (included.path !== path) queue.push({ ...included, depth: depth + 1 });
    }
  }
  return gather(found);
}

/** The text of a file that holds any of the marks. */
function interesting(path: string, buffer: Buffer): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const text = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
    return marks.some((mark) => text.includes(mark)) ? text.toString('latin1') : undefined;
  } finally {
    closeSync(file);
  }
}

/** C files that are compiled as a part of another: `#include "syscalls.c"`. */
function inclusions(
  text: string,
  path: string,
  condition: Condition,
): { path: string; condition: Condition }[] {
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"\n]+\.c)"/gm)].map((match) => ({
    path: posix.join(posix.dirname(path), match[1] ?? ''),
    condition: all(condition, conditionAt(text, match.index)),
  }));
}

function definitions(text: string, path: string, compiled: Condition): Found[] {
  const at = (kind: Provision['kind'], name: string, offset: number): Found => ({
    kind,
    name,
    condition: all(compiled, conditionAt(text, offset)),
    position: { file: path, line: text.slice(0, offset).split('\n').length },
  });
  const syscalls = [...text.matchAll(/^SYSCALL_DEFINE[0-6]\(\s*(\w+)/gm)]
    .filter(({ index }) => !isStub(text, index))
    .map(({ index, 1: name = '' }) => at('syscall', name, index));
  const structures = [
    ...text.matchAll(/^[\w \t]*\bstruct (file_system_type|net_proto_family) \w+ *= *\{.*?^\};/gms),
  ].flatMap(({ index, 0: body, 1: type }) => {
    const field =
      type === 'file_system_type' ? /\.name\s*=\s*"([^"]+)"/ : /\.family\s*=\s*[AP]F_(\w+)/;
    const name = field.exec(body)?.[1];
    if (name === undefined) return [];
    return [at(type === 'file_system_type' ? 'filesystem' : 'socket', name, index)];
  });
  return [...syscalls, ...structures];
}

/** A definition that only says that there is no such call. */
function isStub(text: string, index: number): boolean {
  const end = text.indexOf('\n}', index);
  const body = text.slice(text.indexOf('{', index) + 1, end);
  return body.length < 100 && /^\s*return -ENOSYS;\s*$/.test(body);
}

function gather(found: readonly Found[]): Provision[] {
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    const key = `${one.kind} ${one.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      const condition = any(...group.map((one) => one.condition));
      const positions = group.map(({ position }) => position);
      return [{ kind: first.kind, name: first.name, condition, positions }];
    });
}
