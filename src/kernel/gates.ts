/**
 * Which options decide whether a line of kernel source is compiled: the chain of Makefiles above
 * its file, and the `#if` blocks around it. Reads the common forms only (`obj-$(CONFIG_X) += a.o b/`,
 * composite objects, `ifeq ($(CONFIG_X),y)`); what it does not understand it takes as not gated.
 */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSystemError } from '../support/errors.js';

export interface Gates {
  /** Options that must be on, outermost first. */
  readonly options: readonly string[];
  /** Some condition asks for an option to be off: this is a stand-in for the real thing. */
  readonly negated: boolean;
}

interface Assignment {
  /** `obj` or the stem of a composite object. */
  readonly stem: string;
  readonly words: readonly string[];
  readonly gates: Gates;
}

export class GateFinder {
  readonly #tree: string;
  readonly #makefiles = new Map<string, Promise<readonly Assignment[]>>();
  readonly #sources = new Map<string, Promise<string>>();

  constructor(tree: string) {
    this.#tree = tree;
  }

  /** The gates of a line. @param path relative to the tree. @param line counted from 1. */
  async ofLine(path: string, line: number): Promise<Gates> {
    const [file, block] = [
      await this.#ofFile(path),
      preprocessorGates(await this.source(path), line),
    ];
    return join2(file, block);
  }

  /** The text of a source file. */
  source(path: string): Promise<string> {
    return remember(this.#sources, path, () => readText(join(this.#tree, path)));
  }

  async #ofFile(path: string): Promise<Gates> {
    const directory = dirname(path);
    const own = await this.#ofWord(directory, `${stemOf(path)}.o`, 0);
    return join2(await this.#ofDirectory(directory), own);
  }

  async #ofDirectory(directory: string): Promise<Gates> {
    if (directory === '.') return open;
    const parent = dirname(directory);
    const name = directory.slice(parent === '.' ? 0 : parent.length + 1);
    return join2(await this.#ofDirectory(parent), await this.#ofWord(parent, `${name}/`, 0));
  }

  /** The gates of an object or directory in its Makefile; through composite objects. */
  async #ofWord(directory: string, word: string, depth: number): Promise<Gates> {
    const assignments = await remember(this.#makefiles, directory, () => this.#read(directory));
    const found = assignments.filter(({ words }) => words.includes(word));
    const chains = await Promise.all(
      found.map(async ({ stem, gates }) => {
        if (stem === 'obj' || depth > 3 || word === `${stem}.o`) return gates;
        return join2(await this.#ofWord(directory, `${stem}.o`, depth + 1), gates);
      }),
    );
    return chains.sort((a, b) => weight(a) - weight(b))[0] ?? open;
  }

  async #read(directory: string): Promise<readonly Assignment[]> {
    const text =
      (await readText(join(this.#tree, directory, 'Kbuild'))) +
      (await readText(join(this.#tree, directory, 'Makefile')));
    return parseMakefile(text);
  }
}

const open: Gates = { options: [], negated: false };

function join2(outer: Gates, inner: Gates): Gates {
  return {
    options: [...new Set([...outer.options, ...inner.options])],
    negated: outer.negated || inner.negated,
  };
}

function weight({ options, negated }: Gates): number {
  return options.length + (negated ? 100 : 0);
}

/** Exported for its tests: the object lists of a Makefile. */
export function parseMakefile(text: string): Assignment[] {
  const assignments: Assignment[] = [];
  const blocks: Gates[] = [];
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    const opened = /^\s*(?:ifeq \(\$\(CONFIG_(\w+)\),\s*y\)|ifdef CONFIG_(\w+))/.exec(line);
    const option = opened?.[1] ?? opened?.[2];
    if (option !== undefined) blocks.push({ options: [option], negated: false });
    else if (/^\s*ifn?(?:eq|def)\b/.test(line)) blocks.push(open);
    else if (/^\s*else\b/.test(line)) blocks.push(inverse(blocks.pop() ?? open));
    else if (/^\s*endif\b/.test(line)) blocks.pop();
    const found = /^\s*([\w-]+)-(y|objs|\$\(CONFIG_(\w+)\))\s*[:+]?=\s*([^#]*)/.exec(line);
    if (found === null) continue;
    const [, stem = '', , own, words = ''] = found;
    const gates = blocks.reduce(join2, open);
    assignments.push({
      stem,
      words: words.trim().split(/\s+/),
      gates: own === undefined ? gates : join2(gates, { options: [own], negated: false }),
    });
  }
  return assignments;
}

/** Exported for its tests: the options that the `#if` blocks around a line ask for. */
export function preprocessorGates(text: string, line: number): Gates {
  const blocks: Gates[] = [];
  for (const raw of text.split('\n').slice(0, line - 1)) {
    const [, word, rest = ''] = /^\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)/.exec(raw) ?? [];
    if (word === undefined) continue;
    if (word === 'endif') blocks.pop();
    else if (word === 'else') blocks.push(inverse(blocks.pop() ?? open));
    else if (word === 'elif') blocks.splice(-1, 1, condition(rest));
    else if (word === 'ifndef') blocks.push(inverse(condition(rest)));
    else blocks.push(condition(rest));
  }
  return blocks.reduce(join2, open);
}

/** Of alternatives (`||`) the first, since one is enough. */
function condition(text: string): Gates {
  const first = text.split('||')[0] ?? '';
  const options = [...first.matchAll(/(!\s*(?:defined|IS_ENABLED)?\s*\(?\s*)?CONFIG_(\w+)/g)];
  return {
    options: options.filter(([, not]) => not === undefined).map(([, , name = '']) => name),
    negated: options.some(([, not]) => not !== undefined),
  };
}

function inverse({ options, negated }: Gates): Gates {
  return { options: [], negated: options.length > 0 && !negated };
}

function stemOf(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.c$/, '');
}

function remember<T>(
  map: Map<string, Promise<T>>,
  key: string,
  find: () => Promise<T>,
): Promise<T> {
  const known = map.get(key) ?? find();
  map.set(key, known);
  return known;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EISDIR')) return '';
    throw error;
  }
}
