/**
 * What was asked against what came out. Kconfig drops in silence what it cannot grant; here every
 * request that did not take is found, explained, and given the smallest change that would make it.
 */

import { whyNot } from '../kconfig/why-not.js';
import type { Fix, WhyNot } from '../kconfig/why-not.js';
import type { Position } from '../kconfig/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { nearest } from '../support/nearest.js';
import { configureSpace } from './space.js';
import type { KernelSpace } from './space.js';
import type { OptionRequest } from './types.js';

/** A request that did not take. */
export interface Failure {
  readonly request: OptionRequest;
  /** `n` when it is off or unknown. */
  readonly got: string;
  /** One clause: why, and what to do. */
  readonly reason: string;
}

/**
 * Compares requests with a result.
 * @param values the `.config`, by `parseConfig`. @param open gives the kernel's space; asked only on failure.
 */
export async function findFailures(
  requests: readonly OptionRequest[],
  values: ReadonlyMap<string, string>,
  open: () => Promise<Pick<KernelSpace, 'space' | 'written'>>,
): Promise<Failure[]> {
  const failed = requests.filter(({ name, value }) => !same(value, values.get(name) ?? 'n'));
  if (failed.length === 0) return [];
  const kernel = await open();
  return failed
    .filter(({ name, outcome }) => outcome === undefined || !isOutcome(name, kernel))
    .map((request) => ({
      request,
      got: values.get(request.name) ?? 'n',
      reason: explain(request, requests, kernel),
    }));
}

/**
 * As `findFailures`, but failures are an error: the first in its line, the others as notes.
 * @throws LupineError
 */
export async function requireTaken(
  requests: readonly OptionRequest[],
  values: ReadonlyMap<string, string>,
  open: () => Promise<Pick<KernelSpace, 'space' | 'written'>>,
  context: Context,
): Promise<void> {
  const failures = await findFailures(requests, values, open);
  const [first, ...others] = failures.map((failure) => {
    const { request, got, reason } = failure;
    const what = `CONFIG_${request.name} did not take: wanted ${request.value}, got ${got}`;
    const because = request.because === undefined ? '' : ` because: ${shorten(request.because)}`;
    return { what, where: `asked by ${request.from}${because}`, fix: reason };
  });
  if (first === undefined) return;
  for (const other of others) {
    context.progress.note(`${other.what}: ${other.where} — ${other.fix}`);
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more, listed above)`;
  throw new LupineError(`${first.what}${more}`, { where: first.where, fix: first.fix });
}

/** Nobody can set it: in a complete `.config` it says what came out there, e.g. the compiler. */
function isOutcome(name: string, { space }: Pick<KernelSpace, 'space'>): boolean {
  const symbol = space.byName.get(name);
  return symbol !== undefined && symbol.nodes.length > 0 && symbol.prompts.length === 0;
}

/** Numbers are compared as numbers: Kconfig keeps a hex value as it was written. */
function same(wanted: string, got: string): boolean {
  if (wanted === got) return true;
  const number = /^-?(?:0x[0-9a-f]+|[0-9]+)$/i;
  return number.test(wanted) && number.test(got) && Number(wanted) === Number(got);
}

function explain(
  { name, value }: OptionRequest,
  requests: readonly OptionRequest[],
  kernel: Pick<KernelSpace, 'space' | 'written'>,
): string {
  const symbol = kernel.space.byName.get(name);
  if (symbol === undefined || symbol.nodes.length === 0) {
    const names = [...kernel.space.byName.values()]
      .filter(({ nodes }) => nodes.length > 0)
      .map((one) => one.name);
    const near = nearest(name, names);
    return near.length === 0
      ? 'this kernel has no such option: check the name, or remove it'
      : `this kernel has no such option; near it are ${near.join(', ')}`;
  }
  const found = whyNot(configureSpace(kernel, requests), symbol, value, kernel.written);
  return [obstacleOf(found), fixOf(found.fix)].filter((part) => part !== '').join('; ');
}

/** What is in the way, in one clause. */
function obstacleOf({ wanted, reasons, obstacles, selectors }: WhyNot): string {
  const [reason] = reasons;
  if (wanted === 'n') {
    if (reason?.kind === 'selected')
      return `it is selected by ${reason.by} (${at(reason.position)})`;
    if (reason?.kind === 'default') return `it is on by its own default (${at(reason.position)})`;
    return '';
  }
  const needs = obstacles.flatMap(({ unmet }) =>
    unmet.map(({ text, position, failing }) => {
      const off = failing.flatMap(({ options }) => options.map((option) => option.name));
      const which = off.length === 0 ? '' : `, off: ${listOf(off, 4)}`;
      return `${text} (${at(position)}${which})`;
    }),
  );
  if (needs.length > 0 && obstacles.every(({ unmet }) => unmet.length > 0)) {
    return `it depends on ${[...new Set(needs)].join('; ')}`;
  }
  if (selectors.length > 0) {
    return `it has no prompt; it is selected by ${listOf(
      selectors.map((one) => one.name),
      5,
    )}`;
  }
  if (obstacles.length > 0 && obstacles.every(({ promptless }) => promptless)) {
    const places = obstacles.map(({ position }) => at(position)).join(', ');
    return `it has no prompt (${places}), so nobody can set it`;
  }
  if (reason?.kind === 'choice' && reason.chosen !== undefined) {
    return `its choice has ${reason.chosen}`;
  }
  if (reason?.kind === 'range') {
    return `its range is ${reason.low} to ${reason.high} (${at(reason.position)})`;
  }
  return '';
}

/** What to do. */
function fixOf(fix: Fix): string {
  switch (fix.kind) {
    case 'settings': {
      const settings = fix.answer.settings.map(({ name, value }) => `${name}=${value}`);
      return settings.length === 0 ? 'remove the request' : `ask for ${settings.join(' ')}`;
    }
    case 'impossible':
      return `no configuration of this kernel has it: ${fix.clash.map(({ text }) => text).join('; ')}`;
    case 'none needed':
    case 'unknown':
      return 'remove the request';
  }
}

function at({ file, line }: Position): string {
  return `${file}:${line}`;
}

function listOf(names: readonly string[], most: number): string {
  const unique = [...new Set(names)];
  const shown = unique.slice(0, most).join(', ');
  return unique.length > most ? `${shown} and ${unique.length - most} others` : shown;
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
