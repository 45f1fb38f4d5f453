/**
 * Kernel configuration text: fragments (what somebody asks for, with the reasons in comments) and
 * `.config` files (what came out). The rules are in docs/kernel-config.md; the syntax is that of
 * scripts/kconfig/confdata.c.
 */

import { LupineError } from '../support/errors.js';
import type { OptionRequest } from './types.js';

const assignment = /^CONFIG_([A-Za-z0-9_]+)=(.*)$/;
const unset = /^# CONFIG_([A-Za-z0-9_]+) is not set$/;
const plainValue = /^(?:[ymn]|-?[0-9]+|0[xX][0-9a-fA-F]+)$/;

/** The first line of a file that the kernel's `conf` wrote: its values are outcomes, not wishes. */
const generated = /^# Automatically generated file; DO NOT EDIT\.$/m;

/**
 * Parses a fragment.
 * @param file for messages. @param from who asks, e.g. `profile lupine-base`.
 * @throws LupineError naming file and line for anything that is no assignment, comment or empty line.
 */
export function parseFragment(text: string, file: string, from: string): OptionRequest[] {
  const requests = new Map<string, OptionRequest>();
  let comment: string[] = [];
  let inGroup = false;
  text.split('\n').forEach((raw, index) => {
    const line = raw.trimEnd();
    const where = `${file}:${index + 1}`;
    const option = assignmentOf(line, where);
    if (option === undefined) {
      if (inGroup || line === '') comment = [];
      inGroup = false;
      if (line.startsWith('#')) comment.push(line.replace(/^#+\s*/, ''));
      else if (line !== '') {
        throw new LupineError('not a line of a kernel configuration', {
          where: `${where}: ${line.slice(0, 80)}`,
          fix: 'write CONFIG_X=value, `# CONFIG_X is not set`, or a comment',
        });
      }
      return;
    }
    inGroup = true;
    if (requests.has(option.name)) {
      throw new LupineError(`CONFIG_${option.name} is set twice in one file`, {
        where,
        fix: 'remove one of the two lines',
      });
    }
    const because = comment.join(' ').trim();
    requests.set(option.name, { ...option, from, ...(because === '' ? {} : { because }) });
  });
  return [...requests.values()];
}

/** True for a complete `.config` that `conf` wrote. */
export function isGenerated(text: string): boolean {
  return generated.test(text);
}

/** Parses a `.config`: names to values in the form of an `OptionRequest`; what is off is absent. */
export function parseConfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const found = assignment.exec(line);
    if (found?.[1] === undefined) continue;
    const value = unquote(found[2] ?? '');
    if (value !== undefined && value !== 'n') values.set(found[1], value);
  }
  return values;
}

/** Requests as text for `KCONFIG_ALLCONFIG`, one line each, in the order of their names. */
export function formatFragment(requests: readonly OptionRequest[]): string {
  return [...requests]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => {
      if (value === 'n') return `# CONFIG_${name} is not set\n`;
      const plain = plainValue.test(value);
      return `CONFIG_${name}=${plain ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}\n`;
    })
    .join('');
}

function assignmentOf(line: string, where: string): { name: string; value: string } | undefined {
  const off = unset.exec(line);
  if (off?.[1] !== undefined) return { name: off[1], value: 'n' };
  const found = assignment.exec(line);
  if (found?.[1] === undefined) return undefined;
  const value = unquote(found[2] ?? '');
  if (value === undefined) {
    throw new LupineError(`CONFIG_${found[1]} has a value that Kconfig cannot read`, {
      where,
      fix: 'write y, m, n, a number, or a string in double quotes, and nothing after it',
    });
  }
  return { name: found[1], value };
}

/** The value without its quotes and escapes; undefined when it is none. */
function unquote(text: string): string | undefined {
  if (plainValue.test(text)) return text;
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text);
  return quoted?.[1]?.replace(/\\(.)/g, '$1');
}
