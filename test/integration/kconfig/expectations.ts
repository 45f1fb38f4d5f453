/**
 * The inputs of a kernel tree's own scripts/kconfig/tests that the parser alone decides, each with what
 * the tree expects of its program.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KconfigError } from '../../../src/kconfig/errors.js';
import { parseKconfig } from '../../../src/kconfig/load.js';
import { systemShell } from '../../../src/kconfig/probes.js';

export interface Expectation {
  readonly name: string;
  /** Where the tree says something of it; what must be contained for recursion, what is all otherwise. */
  readonly expected: { readonly stdout?: string; readonly stderr?: string };
  readonly actual: { readonly stdout: string; readonly stderr: string };
}

/** Parses every input of scripts/kconfig/tests about macros and inclusion. */
export function parserExpectations(tree: string): Expectation[] {
  const tests = join(tree, 'scripts/kconfig/tests');
  const macros = readdirSync(join(tests, 'preprocess'), { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map((each) => `preprocess/${each.name}`);
  return [...macros, 'err_recursive_inc'].map((name) => {
    const directory = join(tests, name);
    const stdout = contents(join(directory, 'expected_stdout'));
    const stderr = contents(join(directory, 'expected_stderr'));
    return {
      name,
      expected: {
        ...(stdout !== undefined && { stdout }),
        ...(stderr !== undefined && { stderr }),
      },
      actual: parse(directory),
    };
  });
}

function contents(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // nothing is expected of this stream
  }
}

function parse(tree: string): { stdout: string; stderr: string } {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const sort = (messages: readonly { severity: string; text: string }[]) => {
    for (const { severity, text } of messages) (severity === 'info' ? stdout : stderr).push(text);
  };
  try {
    sort(parseKconfig({ tree, environment: {}, shell: systemShell({}) }).messages);
  } catch (error) {
    if (!(error instanceof KconfigError)) throw error;
    sort(error.messages);
    stderr.push(error.message);
  }
  const lines = (all: string[]) => all.map((line) => `${line}\n`).join('');
  return { stdout: lines(stdout), stderr: lines(stderr) };
}
