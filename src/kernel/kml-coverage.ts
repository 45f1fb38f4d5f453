/**
 * Which system call sites of a program or library a kernel with KML patches (docs/kml.md), found in
 * its disassembly. What is not seen there: code that is made at run time, and which sites are used.
 */

import type { Context } from '../support/context.js';
import { instructionsBegin } from './kml/begins.js';
import { formOf, type Form } from './kml/forms.js';
import { openTextImage } from './kml/image.js';
import { objdump } from './kml/objdump.js';
import { RULES, type Outcome, type Refusal, type Rule } from './kml/rules.js';
import { SiteFinder, type Site } from './kml/sites.js';

/** One SYSCALL instruction, judged. */
export interface JudgedSite {
  readonly site: Site;
  readonly form: Form;
  /** By the rules that the kernel has. */
  readonly patched: boolean;
  /** Why the kernel leaves it. */
  readonly refused?: Refusal;
  /** The first rule that takes it, be it the kernel's or not. */
  readonly rule?: string;
}

export interface FileCoverage {
  readonly path: string;
  /** In the order of the text. */
  readonly sites: readonly JudgedSite[];
}

/**
 * Disassembles a file and judges its sites.
 * @param path of an x86-64 program or library.
 * @throws LupineError when it is none, cannot be read, or objdump is missing.
 */
export async function fileCoverage(path: string, context: Context): Promise<FileCoverage> {
  const image = await openTextImage(path);
  // Most libraries make no call themselves: nothing is to be disassembled.
  if (image.candidates.length === 0) return { path, sites: [] };
  const task = context.progress.task(`disassembling ${path}`);
  try {
    const finder = new SiteFinder(image.candidates);
    await objdump(['-d', '-w', '--', path], (line) => finder.line(line), context.signal);
    const cases = finder.sites().map(applyRules);
    const starts = cases
      .flatMap(({ outcomes }) => outcomes)
      .flatMap(({ outcome }) => ('start' in outcome ? [outcome.start] : []));
    const begun = await instructionsBegin(image, starts, context.signal);
    task.succeed();
    return { path, sites: cases.map((one) => judge(one, begun)) };
  } catch (error) {
    task.fail();
    throw error;
  }
}

interface Case {
  readonly site: Site;
  readonly form: Form;
  readonly outcomes: readonly { readonly rule: Rule; readonly outcome: Outcome }[];
}

function applyRules(site: Site): Case {
  const form = formOf(site);
  const outcomes = RULES.map((rule) => ({ rule, outcome: rule.apply(site, form) }));
  return { site, form, outcomes };
}

function judge({ site, form, outcomes }: Case, begun: ReadonlySet<number>): JudgedSite {
  const refusals = outcomes.map(({ rule, outcome }) => ({
    rule,
    refused: refusal(outcome, begun),
  }));
  const works = refusals.find(({ refused }) => refused === undefined)?.rule.name;
  const base = { site, form, ...(works === undefined ? {} : { rule: works }) };
  const kernels = refusals.filter(({ rule }) => rule.taken).map(({ refused }) => refused);
  if (kernels.includes(undefined)) return { ...base, patched: true };
  return { ...base, patched: false, refused: kernels.find((one) => one !== 'form') ?? 'form' };
}

function refusal(outcome: Outcome, begun: ReadonlySet<number>): Refusal | undefined {
  if ('refused' in outcome) return outcome.refused;
  return begun.has(outcome.start) ? undefined : 'ambiguous';
}
