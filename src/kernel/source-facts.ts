/**
 * What a kernel's source tree says of its options (files, directories, system calls), derived once a
 * tree and kept in the cache. One option is read without the rest: the whole are megabytes.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveFacts } from '../kconfig/source/index.js';
import type { OptionFacts, Provision } from '../kconfig/source/index.js';
import type { Context } from '../support/context.js';
import { cacheDirectory } from '../support/paths.js';
import { cached, keyOf } from '../support/store.js';
import type { SourceTree } from './types.js';

/** Raised when the derivation finds something else in the same tree. */
const FORMAT = '1';

/** Each line is `NAME` and a tab, then the facts of that option as JSON. */
const OPTIONS = 'options';
const PROVISIONS = 'provisions.json';

/** What the tree says of an option; undefined where it says nothing. @param name without `CONFIG_`. */
export async function optionFacts(
  source: Pick<SourceTree, 'key' | 'path'>,
  name: string,
  context: Context,
): Promise<OptionFacts | undefined> {
  const index = await readFile(join(await entry(source, context), OPTIONS));
  const start = index.indexOf(`\n${name}\t`);
  if (start < 0) return undefined;
  const from = start + name.length + 2;
  return JSON.parse(index.toString('utf8', from, index.indexOf('\n', from))) as OptionFacts;
}

/** What the tree says of every option, by name. */
export async function allOptionFacts(
  source: Pick<SourceTree, 'key' | 'path'>,
  context: Context,
): Promise<Map<string, OptionFacts>> {
  const index = await readFile(join(await entry(source, context), OPTIONS), 'utf8');
  const lines = index.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const end = line.indexOf('\t');
      return [line.slice(0, end), JSON.parse(line.slice(end + 1)) as OptionFacts];
    }),
  );
}

/** What the tree offers to programs, and under which conditions. */
export async function provisions(
  source: Pick<SourceTree, 'key' | 'path'>,
  context: Context,
): Promise<Provision[]> {
  const path = join(await entry(source, context), PROVISIONS);
  return JSON.parse(await readFile(path, 'utf8')) as Provision[];
}

/** The entry of the cache, filled first when it is absent. */
function entry({ key, path }: Pick<SourceTree, 'key' | 'path'>, context: Context): Promise<string> {
  return cached(
    join(cacheDirectory(), 'kernel', 'source-facts'),
    keyOf('source facts', FORMAT, key),
    async (directory) => {
      const task = context.progress.task('reading the kernel source for what its options compile');
      try {
        const { options, provisions: offered } = deriveFacts(path, 'x86');
        const lines = Object.entries(options).map(
          ([name, facts]) => `${name}\t${JSON.stringify(facts)}\n`,
        );
        await writeFile(join(directory, OPTIONS), `\n${lines.join('')}`);
        await writeFile(join(directory, PROVISIONS), JSON.stringify(offered));
      } catch (error) {
        task.fail();
        throw error;
      }
      task.succeed();
    },
    context,
  );
}
